"""Salient object detection: photographs with a mask of what stands out, in the layouts that its data sets come in."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, read_text
from wsolzoo.datasets.base import ZooDataset
from wsolzoo.datasets.loading import LoadMask
from wsolzoo.registry import DATASETS, TRANSFORMS

FOLDERS = {
    'msra10k': ('MSRA10K_Imgs_GT/Imgs', '.jpg', 'MSRA10K_Imgs_GT/Imgs', '.png'),
    'dut-omron': ('DUT-OMRON-image', '.jpg', 'pixelwiseGT-new-PNG', '.png'),
    'duts-tr': ('DUTS-TR/DUTS-TR-Image', '.jpg', 'DUTS-TR/DUTS-TR-Mask', '.png'),
    'duts-te': ('DUTS-TE/DUTS-TE-Image', '.jpg', 'DUTS-TE/DUTS-TE-Mask', '.png'),
    'ecssd': ('images', '.jpg', 'ground_truth_mask', '.png'),
}
"""Folder and ending of the images, folder and ending of the masks, as the archives unpack."""


@DATASETS.register_module()
class SalientObjects(ZooDataset):
    """Photographs paired by name with masks, such as MSRA10K, DUT-OMRON, DUTS and ECSSD.

    None of them has an official split but DUTS (``duts-tr``, ``duts-te``); ``holdout`` or a list makes one. MSRA10K
    shares its pictures with MSRA-B and ASD: do not learn from one and test on another. Masks are read by
    :class:`LoadSaliencyMask`. The data sets are for research only or say nothing of their licence.

    Args:
        role: ``train-fullsup`` to learn from, ``test`` to report; see :class:`~wsolzoo.datasets.base.ZooDataset`.
        layout: one of :data:`FOLDERS`, or its four entries for another data set. A folder that the archive has doubled
            (``A/A``) or left out is found too.
        ann_file: list of names, one a line, without ending; by default every image that is there.
        **kwargs: see :class:`~wsolzoo.datasets.base.ZooDataset`.

    Raises:
        ValueError: an unknown layout.
    """

    LAYOUT = '; '.join(
        f'{name}: {images}/*{end}, {masks}/*{other}' for name, (images, end, masks, other) in FOLDERS.items()
    )
    COUNTS = {
        'msra10k': (10_000, None),
        'dut-omron': (5_168, None),
        'duts-tr': (10_553, None),
        'duts-te': (5_019, None),
        'ecssd': (1_000, None),
    }

    def __init__(self, role: str, layout: str | tuple[str, str, str, str], ann_file: str = '', **kwargs) -> None:
        if isinstance(layout, str) and layout not in FOLDERS:
            raise ValueError(f'layout must be one of {", ".join(FOLDERS)}, or four strings; got {layout!r}')
        self.split = layout if isinstance(layout, str) else ''
        self.folders = FOLDERS[layout] if isinstance(layout, str) else tuple(layout)
        super().__init__(role, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image, sorted by name; ``seg_map_path`` where the role has truth.

        Raises:
            FileNotFoundError: a folder, an image of the list or the mask of an image is missing.
        """
        image_folder, end, mask_folder, mask_end = self.folders
        images = _files(self._folder(image_folder, 'images'), end)
        masks = _files(self._folder(mask_folder, 'masks'), mask_end) if self.has_truth else {}
        names = sorted(images)
        if self.ann_file:
            lines = read_text(self.need(self.ann_file, 'the list of names')).splitlines()
            names = [line.strip() for line in lines if line.strip() and not line.startswith('#')]
        data = []
        for name in names:
            missing = [what for what, there in (('image', images), ('mask', masks)) if name not in there]
            if missing and (missing[0] == 'image' or self.has_truth):
                raise FileNotFoundError(f'{name} has no {missing[0]} below {self.data_root}. Expected: {self.LAYOUT}')
            info = {'img_id': name, 'img_path': str(images[name])}
            data.append(info | ({'seg_map_path': str(masks[name])} if self.has_truth else {}))
        return data

    def _folder(self, name: str, what: str) -> Path:
        root, parts = Path(self.data_root), Path(name).parts
        tries = [root / name, *(root.joinpath(*parts[i:]) for i in range(1, len(parts))), root / name / parts[-1]]
        found = [folder for folder in tries if folder.is_dir()]
        inner = found[0] / parts[-1] if found else tries[0]
        return inner if inner.is_dir() else self.need(found[0] if found else tries[0], f'the folder of {what}')


def _files(folder: Path, ending: str) -> dict[str, Path]:
    """Files by stem, without what an operating system left among them."""
    files = (path for path in folder.iterdir() if path.suffix.lower() == ending and not path.name.startswith('.'))
    return {path.stem: path for path in files}


@TRANSFORMS.register_module()
class LoadSaliencyMask(LoadMask):
    """``gt_seg_map`` (H, W) uint8, 1 where the mask is brighter than 128, as the measures of saliency count.

    Masks have grey edges. Nothing is ignored: the measures know no ignored pixels.

    Raises:
        AnnotationError: mask and image are not of one size.
    """

    def __init__(self) -> None:
        super().__init__(object_value=None, ignore_value=None)

    def transform(self, results: dict) -> dict:
        """Decode, and compare with the image."""
        results = super().transform(results)
        mask, image = results['gt_seg_map'].shape, results['img'].shape[:2]
        if mask != image:
            raise AnnotationError(f'{results.get("img_id")}: the mask is {mask}, the image {image}; are they a pair?')
        return results

    def is_object(self, grey: np.ndarray) -> np.ndarray:
        """Brighter than 128."""
        return grey > 128
