"""The drawn digits as a data set."""

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST, WEAKSUP
from wsolzoo.synthetic.scenes.glyphs import GLYPHS, SIDE, draw_glyph
from wsolzoo.synthetic.scenes.scene import SPLITS, scene_label, tight_box


@DATASETS.register_module()
class Glyphs(LocalizationDataset):
    """Drawn digits: ``img`` (32, 32, 1) uint8, ``gt_label``, and box and mask of the strokes where the role allows.

    Args:
        split: 'train', 'val' or 'test'.
        role: see :class:`LocalizationDataset`; by default ``train-weaksup``, ``train-fullsup`` and ``test``.
        count: number of pictures; by default 4000, 500, 500.
        seed: seed of the data set.
        cache: keep drawn pictures in memory (a kilobyte each; every worker keeps its own).
        **kwargs: see :class:`LocalizationDataset`.
    """

    METAINFO = {'classes': GLYPHS}
    ROLES = {'train': WEAKSUP, 'val': FULLSUP, 'test': TEST}
    COUNT = {'train': 4000, 'val': 500, 'test': 500}

    def __init__(
        self,
        split: str,
        role: str | None = None,
        count: int | None = None,
        seed: int = 0,
        cache: bool = False,
        **kwargs,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f'Glyphs has the splits {", ".join(SPLITS)}; got {split!r}')
        self.split, self.seed, self.count = split, seed, self.COUNT[split] if count is None else count
        self._drawn: dict[int, tuple[np.ndarray, np.ndarray]] | None = {} if cache else None
        super().__init__(role or self.ROLES[split], **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per picture."""
        return [
            {'img_id': f'glyphs/{self.split}/{i:05d}', 'index': i, 'gt_label': scene_label(self.seed, self.split, i)}
            for i in range(self.count)
        ]

    def get_data_info(self, idx: int) -> dict:
        """The picture and what the role may know about it."""
        info = super().get_data_info(idx)
        picture, mask = self._draw(info['index'])
        info.update(img=picture.copy(), ori_shape=(SIDE, SIDE), img_shape=(SIDE, SIDE))
        if self.has_truth:
            info.update(gt_bboxes=tight_box(mask)[None], gt_seg_map=mask.astype(np.uint8))
        return info

    def _draw(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self._drawn is None:
            return draw_glyph(self.seed, self.split, index)[:2]
        if index not in self._drawn:
            self._drawn[index] = draw_glyph(self.seed, self.split, index)[:2]
        return self._drawn[index]
