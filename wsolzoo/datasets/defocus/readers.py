"""The three kinds of data of defocus training: images with maps, with binary blur masks, and with nothing."""

import json
from pathlib import Path

from wsolzoo.datasets.annotation import AnnotationError, read_text
from wsolzoo.datasets.defocus.base import DefocusDataset
from wsolzoo.registry import DATASETS
from wsolzoo.synthetic.optics.generate import read_manifest
from wsolzoo.synthetic.optics.lens import MAP_UNITS


@DATASETS.register_module()
class GeneratedDefocus(DefocusDataset):
    """A folder written by ``tools/dataset_tools/make_defocus.py``.

    Attributes:
        map_unit: coding of the maps, one of :data:`~wsolzoo.synthetic.optics.lens.MAP_UNITS`; read from the folder.

    Args:
        data_root: the folder.
        truth: ``map`` (the synthetic domain), ``mask`` (only which pixels are blurred, disc over 1 px) or ``none``: the
            same images can play any of the three parts.
        domain: default: the one that goes with ``truth``.
        **kwargs: role, limit, and see :class:`~wsolzoo.datasets.base.ZooDataset`.
    """

    LAYOUT = 'data_root/{meta.json, manifest.jsonl, images/*.png, maps/*.png, blurred/*.png}'
    DOMAIN = {'map': 'synthetic', 'mask': 'masked', 'none': 'real'}

    def __init__(self, data_root: str, truth: str = 'map', domain: str | None = None, **kwargs) -> None:
        if truth not in self.DOMAIN:
            raise ValueError(f'truth must be one of {", ".join(self.DOMAIN)}; got {truth!r}')
        self.truth = truth
        path = Path(data_root) / 'meta.json'
        if not path.is_file():
            raise FileNotFoundError(
                f'{path} is missing (looked for in {Path.cwd()}): make the set with tools/dataset_tools/make_defocus.py'
            )
        try:
            meta = json.loads(read_text(path))
            self.map_unit, self.map_scale = str(meta['map_unit']), float(meta['map_scale'])
        except (ValueError, KeyError, TypeError) as error:
            raise AnnotationError(f'{path} does not say map_unit and map_scale ({error!r})') from error
        if self.map_unit not in MAP_UNITS:
            raise ValueError(f'{path}: map_unit must be one of {", ".join(MAP_UNITS)}; got {self.map_unit!r}')
        super().__init__(domain or self.DOMAIN[truth], data_root=data_root, **kwargs)

    def entries(self) -> list[dict]:
        """One entry per line of the manifest, sorted by name."""
        root, entries = Path(self.data_root), []
        for name in sorted(read_manifest(root)):
            image = str(root / 'images' / f'{name}.png')
            entry: dict[str, str | float] = {'img_id': name, 'img_path': image, 'map_unit': self.map_unit}
            if self.truth == 'map':
                entry |= {'defocus_path': str(root / 'maps' / f'{name}.png'), 'map_scale': self.map_scale}
            elif self.truth == 'mask':
                entry['blurred_path'] = str(root / 'blurred' / f'{name}.png')
            entries.append(entry)
        return entries


@DATASETS.register_module()
class BlurMaskFolder(DefocusDataset):
    """Photographs with binary masks of the blurred pixels, such as the defocus part of CUHK.

    Args:
        data_root: the folder.
        blurred: which grey means blurred, ``white`` or ``black``. There is no default: releases differ, and a wrong
            choice trains the network to do the opposite.
        img_dir: folder of the images; img_suffix: their ending.
        mask_dir: folder of the masks, ``.png`` of the same stem.
        pattern: stems to take (the 704 defocus images of CUHK are ``out_of_focus*``; the others are motion blur).
        **kwargs: role, limit, and see :class:`~wsolzoo.datasets.base.ZooDataset`.
    """

    LAYOUT = 'data_root/<img_dir>/<stem><img_suffix> and data_root/<mask_dir>/<stem>.png'

    def __init__(
        self,
        data_root: str,
        blurred: str,
        img_dir: str = 'image',
        mask_dir: str = 'gt',
        img_suffix: str = '.jpg',
        pattern: str = '*',
        **kwargs,
    ) -> None:
        if blurred not in ('white', 'black'):
            raise ValueError(f"blurred must say which grey means blurred: 'white' or 'black'; got {blurred!r}")
        self.layout = (img_dir, mask_dir, img_suffix, pattern)
        self.blurred = blurred
        super().__init__('masked', data_root=data_root, **kwargs)

    def entries(self) -> list[dict]:
        """One entry per image, which must have a mask."""
        (img_dir, mask_dir, suffix, pattern), root, entries = self.layout, Path(self.data_root), []
        for image in sorted(self.need(root / img_dir, 'the folder of images').glob(pattern + suffix)):
            mask = root / mask_dir / f'{image.stem}.png'
            if not mask.is_file():
                raise FileNotFoundError(f'{image} has no mask {mask}')
            entry = {'img_id': image.stem, 'img_path': str(image), 'blurred_path': str(mask)}
            entries.append(entry | {'blurred_is': self.blurred})
        return entries


@DATASETS.register_module()
class PhotoFolder(DefocusDataset):
    """Photographs without labels: the unlabelled real domain.

    Args:
        data_root: the folder.
        pattern: of the files, below the folder.
        **kwargs: role, limit, and see :class:`~wsolzoo.datasets.base.ZooDataset`.
    """

    LAYOUT = 'photographs anywhere below data_root'

    def __init__(self, data_root: str, pattern: str = '**/*.jpg', **kwargs) -> None:
        self.pattern = pattern
        super().__init__('real', data_root=data_root, **kwargs)

    def entries(self) -> list[dict]:
        """One entry per file, sorted."""
        root = Path(self.data_root)
        files = sorted(root.glob(self.pattern))
        return [{'img_id': str(file.relative_to(root)), 'img_path': str(file)} for file in files]
