"""From a file to pixels: turned, of any depth, whole, or refused with the file's name."""

import struct
import zlib
from io import BytesIO

import cv2
import layouts
import numpy as np
import pytest
from PIL import Image

from wsolzoo.datasets.decoding import BrokenFile, decode
from wsolzoo.datasets.loading import LoadImage, LoadMask
from wsolzoo.datasets.verification import verify_split
from wsolzoo.registry import DATASETS


def picture(height=120, width=160, seed=0):
    """A smooth picture, as photographs are: an (H, W, 3) ramp with some noise."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.linspace(30, 120, height), np.linspace(0, 90, width))[..., None] + (0, 15, 30)
    return (ramp + rng.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)


def jpeg(image=None, **kwargs):
    out = BytesIO()
    Image.fromarray(picture() if image is None else image).save(out, 'JPEG', **kwargs)
    return out.getvalue()


def turned(path, **kwargs):
    img = Image.fromarray(picture(20, 30))
    exif = img.getexif()
    exif[0x0112] = 6  # turn right to see it upright
    img.save(path, exif=exif, **kwargs)
    return path


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.webp'])
def test_pictures_are_turned_as_exif_says(name, tmp_path):
    path = turned(tmp_path / name, quality=95)
    results = LoadImage()({'img_path': str(path)})
    assert results['ori_shape'] == results['img_shape'] == (30, 20)
    with Image.open(path) as file:
        upright = np.asarray(file.convert('RGB').transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert np.abs(results['img'][..., ::-1] - upright).max() <= (6 if name == 'a.webp' else 0)
    stored = LoadImage()({'img_path': str(path), 'ignore_orientation': True})
    assert stored['ori_shape'] == (20, 30)


def test_boxes_are_in_the_frame_one_sees_but_for_published_data_sets(tmp_path):
    root = layouts.cub(tmp_path / 'cub')
    for path in root.glob('images/*/*.jpg'):
        turned(path)
    published = DATASETS.build({'type': 'CUB', 'role': 'train-weaksup', 'split': 'train', 'data_root': str(root)})
    assert LoadImage()(published.get_data_info(0))['ori_shape'] == (20, 30)
    (tmp_path / 'mine/cat').mkdir(parents=True)
    turned(tmp_path / 'mine/cat/a.jpg')
    layouts.write(tmp_path / 'mine/boxes.csv', 'file,x1,y1,x2,y2\na.jpg,0,0,20,30\n')
    mine = {'type': 'ImageFolder', 'role': 'test', 'data_root': str(tmp_path / 'mine'), 'boxes': 'boxes.csv'}
    assert LoadImage()(DATASETS.build(mine).get_data_info(0))['ori_shape'] == (30, 20)
    assert not verify_split('test', mine).problems


@pytest.mark.parametrize(('bits', 'shift'), [(16, 8), (14, 6), (12, 4), (10, 2), (8, 0)])
@pytest.mark.parametrize('ending', ['.png', '.tif'])
def test_pictures_of_16_bits_come_down_by_the_range_they_use(bits, shift, ending):
    deep = picture().astype(np.uint16) << shift
    deep[0, 0] = (1 << bits) - 1
    data = cv2.imencode(ending, deep)[1].tobytes()
    img = decode(data, 'a')
    assert img.dtype == np.uint8 and np.array_equal(img[5:], picture()[5:])
    grey = cv2.imencode(ending, deep[..., 0])[1].tobytes()
    assert decode(grey, 'a').shape == (120, 160, 3) and decode(grey, 'a').max() == 255


def test_a_mask_of_16_bits_keeps_its_levels(tmp_path):
    grey = np.array([[0, 128, 255]], np.uint16)
    cv2.imwrite(str(tmp_path / 'm.png'), grey)
    assert LoadMask()({'seg_map_path': str(tmp_path / 'm.png')})['gt_seg_map'].tolist() == [[0, 255, 1]]


def test_fractions_have_no_range():
    data = cv2.imencode('.tif', np.ones((4, 4, 3), np.float32))[1].tobytes()
    with pytest.raises(BrokenFile, match='image holds float32 values, whose range nobody knows: a.tif'):
        decode(data, 'a.tif')


def huge(width, height):
    """A PNG file that says it is that large and is not."""

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(b'\0')) + chunk(b'IEND', b'')


@pytest.mark.parametrize(('width', 'height'), [(100000, 100000), (1 << 21, 8)])
@pytest.mark.parametrize('load', [LoadImage().decode, LoadMask().decode])
def test_a_picture_that_nothing_can_hold_is_named(width, height, load, tmp_path):
    (tmp_path / 'a.png').write_bytes(huge(width, height))
    with pytest.raises(BrokenFile, match=rf'is too large: .*a.png \({width}x{height} pixels; 1,073,741,824 in all'):
        load(str(tmp_path / 'a.png'))


def test_what_opencv_refuses_is_named(monkeypatch):
    def refuse(*_):
        raise cv2.error('too many pixels')

    monkeypatch.setattr(cv2, 'imdecode', refuse)
    with pytest.raises(BrokenFile, match=r'image cannot be decoded: a.jpg \(\d+ bytes; too many pixels'):
        decode(jpeg(), 'a.jpg')


KINDS = {
    'baseline': {},
    'without subsampling': {'subsampling': 0, 'quality': 95},
    'progressive': {'progressive': True},
    'restarts': {'restart_marker_rows': 1},
    'optimized': {'optimize': True},
}


@pytest.mark.parametrize('share', [0.3, 0.5, 0.9])
@pytest.mark.parametrize('end', [b'', b'\xff\xd9', b'\xff\xd9\0\0'])
@pytest.mark.parametrize('kind', KINDS)
def test_a_part_of_a_jpeg_is_broken_whatever_it_ends_with(kind, end, share, capfd):
    whole = jpeg(**KINDS[kind])
    assert decode(whole, 'a.jpg', thorough=True).shape == (120, 160, 3)
    with pytest.raises(BrokenFile, match='image cannot be decoded: a.jpg .* truncated, or not an image'):
        decode(whole[: int(len(whole) * share)] + end, 'a.jpg')


@pytest.mark.parametrize('tail', [b'', b'\0' * 9, b'some program left a note here' * 9])
@pytest.mark.parametrize('kind', KINDS)
def test_whole_pictures_pass_grey_ones_too(kind, tail):
    for image in (picture(), np.full((50, 70, 3), 128, np.uint8), np.full((50, 70), 128, np.uint8)):
        assert decode(jpeg(image, **KINDS[kind]) + tail, 'a.jpg', thorough=True).shape == (*image.shape[:2], 3)


@pytest.mark.parametrize('end', [b'', b'\0\0\0\0IEND\xaeB`\x82'])
def test_a_part_of_a_png_is_broken(end, capfd):
    whole = cv2.imencode('.png', picture())[1].tobytes()
    with pytest.raises(BrokenFile, match='a.png'):
        decode(whole[: len(whole) // 2] + end, 'a.png')


def test_broken_masks_say_which(tmp_path):
    (tmp_path / 'text.png').write_text('not a picture')
    for name, says in [
        ('text.png', r'mask cannot be decoded: .*text.png \(13 bytes'),
        ('no.png', 'mask is missing: .*no'),
    ]:
        with pytest.raises(BrokenFile, match=says):
            LoadMask()({'seg_map_path': str(tmp_path / name)})


def test_a_path_that_no_file_can_have_is_named():
    with pytest.raises(BrokenFile, match='image cannot be read: .*embedded null byte'):
        LoadImage().decode('a\0.jpg')
