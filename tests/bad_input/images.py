"""Images and masks that cannot be read or do not fit."""

from pathlib import Path

import layouts
import numpy as np

from tests.bad_input import Broken, file
from tests.bad_input.annotations import table
from tests.bad_input.maps import metric
from wsolzoo.apis.inferencer import expand
from wsolzoo.datasets import loading, transforms


def jpeg(path: Path, share: float = 1.0) -> str:
    data = (layouts.picture(path)).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return str(path)


def load(path: str) -> dict:
    return loading.LoadImage().transform({'img_path': path})


def load_mask(**entry) -> dict:
    return loading.LoadMask().transform({'img_id': 'a', **entry})


def images_half_gone(tmp: Path):
    """A training split of which every image is missing: the first is borne, the second is more than 1 %."""
    data = table(tmp, 'a.jpg,0,,,,', 'b.jpg,0,,,,', role='train-weaksup', pipeline=[loading.LoadImage()])
    return [data[i] for i in range(2)]


IMAGES = [
    Broken(
        'empty file',
        lambda t: load(file(t / 'a.jpg')),
        'image cannot be decoded: ~/a.jpg (0 bytes; truncated, or not an image)',
    ),
    Broken(
        'text',
        lambda t: load(file(t / 'a.jpg', 'no image')),
        'image cannot be decoded: ~/a.jpg (8 bytes; truncated, or not an image)',
    ),
    Broken(
        'half a JPEG',
        lambda t: load(jpeg(t / 'a.jpg', 0.5)),
        'image cannot be decoded: ~/a.jpg (1105 bytes; truncated, or not an image)',
    ),
    Broken(
        'half a PNG',
        lambda t: load(jpeg(t / 'a.png', 0.5)),
        'image cannot be decoded: ~/a.png (1849 bytes; truncated, or not an image)',
    ),
    Broken('no file', lambda t: load(str(t / 'a.jpg')), 'image cannot be read: ~/a.jpg (No such file or directory)'),
    Broken('a folder', lambda t: load(str(t)), 'image cannot be read: ~ (Is a directory)'),
    Broken(
        'too small for the crop',
        lambda t: transforms.RandomCrop(9)(dict(img=np.zeros((8, 8, 3)), img_id='a')),
        'RandomCrop(size=(9, 9)) cannot cut 9x9 pixels out of an image of 8x8 (a); put AntialiasResize before it',
    ),
    Broken(
        'too small for ten crops',
        lambda t: transforms.TenCrop(9)(dict(img=np.zeros((8, 8, 3), np.uint8))),
        'TenCrop(size=(9, 9)) needs an image at least that large; got (8, 8)',
    ),
    Broken(
        'more than 1 % broken',
        images_half_gone,
        '1 of 2 images are broken, more than 1%; the last: image cannot be read: ~/a.jpg (No such file or '
        'directory). tools/dataset_tools/verify.py CONFIG lists them all; docs/datasets.md says how to get '
        'the data again',
    ),
    Broken('inferencer: no file', lambda t: list(expand([str(t / 'a.jpg')])), 'image ~/a.jpg does not exist'),
    Broken(
        'inferencer: empty folder',
        lambda t: list(expand([str(t)])),
        '~ holds no image (.jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff, .ppm)',
    ),
    Broken(
        'inferencer: floats',
        lambda t: list(expand([np.zeros((4, 4))])),
        'an image is a path, a folder or an (H, W, 3) uint8 RGB array; got float64 array of shape (4, 4)',
    ),
]


GREY = np.zeros((4, 4), np.uint8)
MASKS = [
    Broken(
        'no mask file',
        lambda t: load_mask(seg_map_path=str(t / 'm.png')),
        'mask is missing: ~/m.png',
    ),
    Broken(
        'not an image',
        lambda t: load_mask(seg_map_path=file(t / 'm.png', 'text')),
        'mask cannot be decoded: ~/m.png (4 bytes; truncated, or not an image)',
    ),
    Broken(
        'no object',
        lambda t: loading.BoxFromMask()(dict(img_id='a', seg_map_path='m.png', gt_seg_map=GREY)),
        'the mask of a shows no object (m.png). Give LoadMask the grey level of the object (object_value), '
        'or take the image out of the list',
    ),
    Broken(
        'another size than the image',
        lambda t: transforms.CenterCrop(2)(dict(img=np.zeros((8, 8, 3)), gt_seg_map=GREY, img_id='a')),
        'gt_seg_map is (4, 4) but the image (8, 8) (a); put AntialiasResize before the crop',
    ),
    Broken(
        'metric: another size',
        lambda t: metric(protocol='choe2020-pxap', gt_mask=GREY[:2]),
        "LocalizationMetric, image 'a': gt_mask is (2, 4), but the network saw (4, 4); resize it in the pipeline",
    ),
]
