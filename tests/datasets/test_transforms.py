"""Geometry: boxes and masks follow the pixels, pixels follow PIL, randomness follows torch's seed."""

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from PIL import Image

from wsolzoo.datasets.geometry import Geometry
from wsolzoo.datasets.loading import BoxFromMask, LoadImage, LoadMask, PackLocalization
from wsolzoo.datasets.resizing import antialias_resize, as_size, nearest_resize
from wsolzoo.datasets.transforms import AntialiasResize, CenterCrop, RandomCrop, RandomFlip, TenCrop, crop_boxes
from wsolzoo.registry import TRANSFORMS


def painted(height=240, width=320, box=(60, 40, 200, 180)):
    """A black picture with a white rectangle, its box and its mask, all the same thing told three times."""
    img = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = box
    img[y0:y1, x0:x1] = 255
    return {
        'img': img,
        'img_id': 'painted',
        'img_shape': (height, width),
        'gt_label': 0,
        'gt_bboxes': np.array([box], np.float64),
        'gt_seg_map': (img[..., 0] > 0).astype(np.uint8),
        'gt_map': (img[..., 0] / 255).astype(np.float32),
    }


def box_around(mask):
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([cols[0], rows[0], cols[-1] + 1, rows[-1] + 1])


PIPELINES = {
    'resize': [AntialiasResize((200, 150))],
    'center crop': [CenterCrop((160, 200))],
    'random crop': [RandomCrop((200, 300))],
    'flip': [RandomFlip(1.0)],
    'resize, crop, flip': [AntialiasResize(256), RandomCrop(224), RandomFlip(0.5)],
    'WE train': [Geometry('WE', 224, train=True)],
    'WE test': [Geometry('WE', 224)],
    'WE 64': [Geometry('WE', 64, train=True)],
    'BAS train': [Geometry('BAS', 224, train=True)],
    'BAS test': [Geometry('BAS', 224, ten_crop=True)],
    'XY train': [Geometry('XY', 321, train=True, resize=356)],
    'XY test': [Geometry('XY', 224, ten_crop=True)],
}


@pytest.mark.parametrize('name', PIPELINES)
@pytest.mark.parametrize('seed', range(3))
def test_box_mask_and_map_follow_the_painted_rectangle(name, seed):
    torch.manual_seed(seed)
    results = Compose(PIPELINES[name])(painted())
    white = results['img'][..., 0] > 127
    assert white.shape == results['img_shape'] == results['gt_seg_map'].shape == results['gt_map'].shape
    assert np.abs(box_around(white) - results['gt_bboxes'][0]).max() <= 1
    assert np.mean(white != (results['gt_seg_map'] == 1)) < 0.02
    assert np.mean(white != (results['gt_map'] > 0.5)) < 0.005
    assert results['gt_bboxes'].dtype == np.float64


def test_flip_and_crop_are_exact():
    results = RandomFlip(1.0)(painted())
    assert results['flip'] and np.array_equal(box_around(results['gt_seg_map'] == 1), results['gt_bboxes'][0])
    assert np.array_equal(results['gt_bboxes'], [[120, 40, 260, 180]])
    results = CenterCrop((160, 200))(painted())
    assert np.array_equal(results['gt_bboxes'], [[0, 0, 140, 140]])
    assert np.array_equal(box_around(results['img'][..., 0] > 0), results['gt_bboxes'][0])


@pytest.mark.parametrize('size', [(224, 224), (256, 256), (97, 300), (500, 640), (13, 7)])
@pytest.mark.parametrize('shape', [(375, 500), (64, 64), (201, 33)])
def test_resize_is_pils_within_one_grey_level(shape, size):
    img = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    theirs = np.asarray(Image.fromarray(img).resize(size[::-1], Image.BILINEAR))
    ours = antialias_resize(img, size)
    assert ours.dtype == np.uint8 and np.abs(ours.astype(int) - theirs).max() <= 1


def test_resize_without_antialias_would_not_pass():
    img = np.random.default_rng(0).integers(0, 256, (375, 500, 3), np.uint8)
    theirs = np.asarray(Image.fromarray(img).resize((224, 224), Image.BILINEAR))
    assert np.abs(cv2.resize(img, (224, 224)).astype(int) - theirs).max() > 20


def test_resize_takes_mirrored_and_read_only_arrays():
    img = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    img.setflags(write=False)
    assert antialias_resize(img[:, ::-1], (15, 20)).shape == (15, 20, 3)
    assert antialias_resize(img, (30, 40)) is img
    assert np.array_equal(RandomFlip(1.0)({'img': img})['img'], img[:, ::-1])


@pytest.mark.parametrize('old', [(7, 9), (100, 31), (256, 256)])
@pytest.mark.parametrize('new', [(5, 4), (33, 64), (224, 224)])
def test_nearest_resize_is_opencvs(old, new):
    mask = np.random.default_rng(0).integers(0, 256, old, np.uint8)
    assert np.array_equal(nearest_resize(mask, new), cv2.resize(mask, new[::-1], interpolation=cv2.INTER_NEAREST))


def test_mask_of_another_size_comes_to_the_frame_in_one_step():
    results = painted(256, 256, (0, 0, 128, 256))
    results['gt_seg_map'] = np.tile(np.array([1, 0], np.uint8), (512, 256))
    results = AntialiasResize(256)(results)
    assert results['img'].shape == (256, 256, 3) and results['gt_seg_map'].shape == (256, 256)
    assert (results['gt_seg_map'] == 1).all()  # every second column of the file


def test_a_box_outside_the_crop_is_kept_as_degenerate():
    boxes = np.array([[0, 0, 10, 10], [100, 100, 300, 300], [246, 20, 256, 40]], np.float64)
    moved = crop_boxes(boxes, 16, 16, (224, 224))
    assert len(moved) == 3
    assert np.array_equal(moved[1], [84, 84, 224, 224])
    for lost in (moved[0], moved[2]):
        assert lost[2] <= lost[0] or lost[3] <= lost[1]
    assert moved.min() >= 0 and moved.max() <= 224


def test_bas_geometry_is_the_published_one():
    results = painted(300, 500, (50, 30, 480, 290))
    results = Geometry('BAS', 224)(results)
    scaled = np.array([50 * 256 / 500, 30 * 256 / 300, 480 * 256 / 500, 290 * 256 / 300])
    assert np.allclose(results['gt_bboxes'][0], np.clip(scaled, 16, 240) - 16)


def test_we_geometry_scales_the_golden_box_of_the_protocol():
    """CUB's box 60,27,385,331 of a 500x335 image becomes 26,18,172,221, truncated."""
    results = Geometry('WE', 224)(painted(335, 500, (60, 27, 385, 331)))
    assert np.array_equal(results['gt_bboxes'][0].astype(int), [26, 18, 172, 221])


def test_random_transforms_obey_torchs_seed_and_leave_numpys_alone():
    def views(seed):
        torch.manual_seed(seed)
        return [Geometry('WE', 224, train=True)(painted())['gt_bboxes'].tolist() for _ in range(8)]

    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert views(0) == views(0) != views(1)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_random_crop_reaches_every_place():
    corners = {tuple(RandomCrop((2, 2)).corner(2, 1)) for _ in range(200)}
    assert corners == {(y, x) for y in range(3) for x in range(2)}


def test_ten_crop_is_torchvisions():
    transforms = pytest.importorskip('torchvision.transforms')
    img = np.random.default_rng(0).integers(0, 256, (65, 81, 3), np.uint8)
    results = TenCrop((40, 50))({'img': img})
    theirs = [np.asarray(view) for view in transforms.TenCrop((40, 50))(Image.fromarray(img))]
    assert results['img'] is img
    assert np.array_equal(results['score_views'], theirs)


def test_center_crop_is_torchvisions():
    transforms = pytest.importorskip('torchvision.transforms')
    for height, width in [(65, 81), (64, 64), (41, 52)]:
        img = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        theirs = np.asarray(transforms.CenterCrop((40, 50))(Image.fromarray(img)))
        assert np.array_equal(CenterCrop((40, 50))({'img': img})['img'], theirs)


def test_packing_gives_uint8_and_the_schema():
    packed = Compose([Geometry('BAS', 224, ten_crop=True), PackLocalization()])(painted() | {'role': 'test'})
    inputs, sample = packed['inputs'], packed['data_samples']
    assert inputs.dtype == torch.uint8 and inputs.shape == (3, 224, 224) and inputs.is_contiguous()
    assert sample.score_views.shape == (10, 3, 224, 224) and torch.equal(sample.score_views[4], inputs)
    assert sample.gt_map.shape == (1, 224, 224) and sample.gt_map.dtype == torch.float32
    assert (sample.gt_label, sample.role, sample.img_shape) == (0, 'test', (224, 224))
    assert sample.gt_boxes.shape == (1, 4) and sample.gt_mask.shape == (224, 224)
    assert 'img_path' not in sample and 'pred_raw_map' not in sample


def test_everything_is_found_by_name_and_prints_itself():
    for name in ('LoadImage', 'LoadMask', 'BoxFromMask', 'PackLocalization', 'RandomFlip', 'CenterCrop', 'TenCrop'):
        assert TRANSFORMS.get(name).__module__.startswith('wsolzoo')
    step = TRANSFORMS.build({'type': 'Geometry', 'name': 'WE', 'size': 64, 'train': True})
    assert repr(step) == "Geometry(name='WE', size=(64, 64), train=True, resize=(73, 73))"


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: Geometry('VE'), "geometry 'VE' is unknown; there are WE, BAS, XY"),
        (lambda: Geometry('BAS', train=True, ten_crop=True), 'ten_crop is for the test'),
        (lambda: as_size((0, 4)), 'a size is one positive number'),
        (lambda: RandomFlip(1.5), r'prob must be in \[0, 1\]'),
        (lambda: RandomCrop(400)(painted()), 'cannot cut 400x400 pixels out of an image of 240x320'),
        (lambda: TenCrop(400)(painted()), 'needs an image at least that large'),
        (lambda: CenterCrop(8)(painted() | {'gt_seg_map': np.zeros((5, 5), np.uint8)}), 'put AntialiasResize before'),
    ],
)
def test_errors_say_what_to_do(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_mask_levels(tmp_path):
    grey = np.array([[0, 128, 255], [127, 129, 1]], np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), grey)
    path = str(tmp_path / 'a.png')
    assert np.array_equal(LoadMask()({'seg_map_path': path})['gt_seg_map'], [[0, 255, 1], [0, 1, 0]])
    plain = LoadMask(ignore_value=None)({'seg_map_path': path})['gt_seg_map']
    assert np.array_equal(plain, [[0, 1, 1], [0, 1, 0]])
    trimap = LoadMask(object_value=1, ignore_value=127)({'seg_map_path': path})['gt_seg_map']
    assert np.array_equal(trimap, [[0, 0, 0], [255, 0, 1]])
    assert 'gt_seg_map' not in LoadMask()({})


def test_masks_of_several_objects_and_a_region_to_ignore(tmp_path):
    layers = {'a': [[255, 0, 0, 0]], 'b': [[0, 255, 0, 0]], 'ignore': [[0, 255, 255, 0]]}
    for name, rows in layers.items():
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.array(rows, np.uint8))
    results = {'seg_map_path': [str(tmp_path / 'a.png'), str(tmp_path / 'b.png')]}
    results['ignore_map_path'] = str(tmp_path / 'ignore.png')
    assert np.array_equal(LoadMask(ignore_value=None)(results)['gt_seg_map'], [[1, 1, 255, 0]])


def test_box_from_mask_is_scaled_to_the_image():
    mask = np.zeros((10, 20), np.uint8)
    mask[2:5, 4:9] = 1
    results = BoxFromMask()({'img': np.zeros((20, 40, 3), np.uint8), 'gt_seg_map': mask})
    assert np.array_equal(results['gt_bboxes'], [[8, 4, 18, 10]])
    with pytest.raises(ValueError, match='shows no object'):
        BoxFromMask()({'img': np.zeros((20, 40, 3), np.uint8), 'gt_seg_map': mask * 0})


def test_grey_palette_and_cmyk_files_become_three_channels(tmp_path):
    img = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8))
    for mode, name in [('L', 'a.png'), ('P', 'b.png'), ('RGBA', 'c.png'), ('CMYK', 'd.jpg'), ('1', 'e.png')]:
        img.convert(mode).save(tmp_path / name)
        assert LoadImage()({'img_path': str(tmp_path / name)})['img'].shape == (8, 9, 3)


def test_a_drawn_image_passes_through():
    img = np.zeros((4, 6, 3), np.uint8)
    results = LoadImage()({'img': img})
    assert results['img'] is img and results['ori_shape'] == (4, 6)


def test_boxes_are_scaled_without_losing_the_last_digit():
    """x * 224 / w and x * (224 / w) differ in the last bit, and truncation to integers makes that a pixel."""
    for width in range(201, 600, 31):
        boxes = np.array([[x, x, x + 1, x + 1] for x in range(0, width, 7)], np.float64)
        img = np.zeros((width, width, 3), np.uint8)
        got = AntialiasResize(224).transform({'img': img, 'gt_bboxes': boxes})['gt_bboxes']
        expected = np.array([[value * 224.0 / width for value in box] for box in boxes.tolist()])
        np.testing.assert_array_equal(got, expected)


def test_every_box_keeps_its_label_through_every_geometry():
    """Boxes are coloured rectangles: after the pipeline the colour in the middle of a box still is its label's."""
    for seed in range(6):
        torch.manual_seed(seed)
        for steps in PIPELINES.values():
            boxes = np.array([[60, 40, 120, 100], [140, 90, 220, 200], [250, 10, 300, 60]], np.float64)
            results = painted() | {'gt_bboxes': boxes, 'gt_box_labels': np.array([2, 0, 1])}
            for (x0, y0, x1, y1), label in zip(boxes.astype(int), results['gt_box_labels']):
                results['img'][y0:y1, x0:x1] = 80 * label + 40
            sample = Compose([*steps, PackLocalization()])(results)
            image, sample = sample['inputs'][0].numpy(), sample['data_samples']
            assert sample.gt_box_labels.tolist() == [2, 0, 1] and sample.gt_box_labels.dtype == np.int64
            for (x0, y0, x1, y1), label in zip(sample.gt_boxes, sample.gt_box_labels):
                if min(x1 - x0, y1 - y0) > 4:
                    assert abs(int(image[int(y0 + y1) // 2, int(x0 + x1) // 2]) - (80 * label + 40)) < 12


def test_a_transform_that_drops_boxes_and_forgets_their_labels_is_told():
    results = painted() | {'gt_box_labels': np.array([0, 1])}
    with pytest.raises(ValueError, match='painted comes out of the pipeline with 1 boxes and 2 labels of boxes'):
        PackLocalization()(results)
