"""The three named geometries of the literature, which decide in what frame maps and boxes meet."""

from mmcv.transforms import BaseTransform, Compose

from wsolzoo.datasets.resizing import Size, antialias_resize, as_size
from wsolzoo.datasets.transforms import AntialiasResize, CenterCrop, RandomCrop, RandomFlip, TenCrop
from wsolzoo.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Geometry(BaseTransform):
    """The geometry of a family of papers under its name, so that a config says it in one line.

    =====  ==============================================  =========================================================
    name   training                                        test
    =====  ==============================================  =========================================================
    WE     resize 256 x 256, random crop 224, mirror 1/2   resize 224 x 224, no crop (Choe et al., CVPR 2020)
    BAS    the same                                        resize 256 x 256, centre crop 224 (Wu et al., CVPR 2022)
    XY     the same                                        resize 224 x 224 (Zhang et al.: ACoL, SPG, I2C)
    =====  ==============================================  =========================================================

    All ignore the aspect ratio. Boxes and masks follow the image, so that truth and map share one frame.

    Args:
        name: ``'WE'``, ``'BAS'`` or ``'XY'``.
        size: what the network sees, height and width.
        train: augment.
        resize: size before the crop; default ``size * 256 / 224`` rounded (ACoL and SPG once used 356 for 321).
        ten_crop: at test, also ten views of the resized image for the class score (the BAS and XY papers).
    """

    NAMES = ('WE', 'BAS', 'XY')

    def __init__(
        self, name: str, size: Size = 224, train: bool = False, resize: Size | None = None, ten_crop: bool = False
    ) -> None:
        if name not in self.NAMES:
            raise ValueError(f'geometry {name!r} is unknown; there are {", ".join(self.NAMES)}')
        if train and ten_crop:
            raise ValueError('ten_crop is for the test; training sees one random crop')
        self.name, self.size, self.train = name, as_size(size), train
        self.resize = tuple(round(s * 256 / 224) for s in self.size) if resize is None else as_size(resize)
        if train:
            steps = [AntialiasResize(self.resize), RandomCrop(self.size), RandomFlip(0.5)]
        elif name == 'BAS':
            views = [TenCrop(self.size)] if ten_crop else []
            steps = [AntialiasResize(self.resize), *views, CenterCrop(self.size)]
        else:
            views = [ResizedViews(self.resize, self.size)] if ten_crop else []
            steps = [*views, AntialiasResize(self.size)]
        self.steps = Compose(steps)

    def transform(self, results: dict) -> dict | None:
        """Run the steps."""
        return self.steps(results)

    def __repr__(self) -> str:
        return f'Geometry(name={self.name!r}, size={self.size}, train={self.train}, resize={self.resize})'


class ResizedViews(BaseTransform):
    """:class:`TenCrop` of a resized copy, the image itself untouched."""

    def __init__(self, resize: Size, size: Size) -> None:
        self.resize, self.ten_crop = as_size(resize), TenCrop(size)

    def transform(self, results: dict) -> dict:
        """Add ``score_views``, (10, h, w, 3) uint8."""
        copy = self.ten_crop.transform({'img': antialias_resize(results['img'], self.resize)})
        results['score_views'] = copy['score_views']
        return results
