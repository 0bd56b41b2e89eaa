"""Pictures: shapes, colours, and that nothing writes into its arguments."""

import numpy as np
import pytest

from wsolzoo.visualization import overlay
from wsolzoo.visualization.visualizer import LocVisualizer, safe_name, save_picture


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def map():
    y, x = np.mgrid[0:7, 0:9]
    return np.exp(-((x - 6) ** 2 + (y - 2) ** 2) / 4)


@pytest.mark.parametrize('name', ['inferno', 'magma', 'viridis', 'cividis'])
def test_lightness_of_a_colour_map_rises_evenly(name):
    table = overlay.colormap(name).astype(float)
    lightness = table @ [0.2126, 0.7152, 0.0722]
    assert table.shape == (256, 3)
    assert (np.diff(lightness[::8]) > 0).all()


def test_unknown_colour_map_names_the_known_ones():
    with pytest.raises(ValueError, match='inferno'):
        overlay.colormap('rainbow')


def test_colorize_hits_both_ends_of_the_table():
    colors = overlay.colorize(np.array([[0.0, 1.0], [-3.0, np.nan]]))
    table = overlay.colormap()
    assert (colors == [[table[0], table[255]], [table[0], table[0]]]).all()


def test_overlay_leaves_its_arguments_alone(image, map):
    image_before, map_before = image.copy(), map.copy()
    mixed = overlay.overlay_map(image, map)
    overlay.draw_boxes(image, np.array([1, 1, 9, 9]), np.array([[3, 3, 30, 30]]))
    overlay.localization_strip(image, map, [1, 1, 9, 9])
    assert mixed.shape == image.shape and mixed.dtype == np.uint8
    assert (image == image_before).all() and (map == map_before).all()


def test_overlay_is_hottest_where_the_map_is(map):
    grey = np.full((70, 90, 3), 90, np.uint8)
    mixed = overlay.overlay_map(grey, map).astype(int)
    hot, cold = mixed[25, 65], mixed[65, 5]
    assert hot[0] > 150 and hot[0] > hot[2] + 50  # the light end of inferno
    assert abs(cold - 90).max() < 40


@pytest.mark.parametrize('broken', [np.zeros((4, 4)), np.full((4, 4), 7.0), np.full((4, 4), np.nan)])
def test_a_map_that_points_nowhere_shows_no_heat(broken):
    grey = np.full((20, 20, 3), 90, np.uint8)
    mixed = overlay.overlay_map(grey, broken)
    assert (mixed == mixed[0, 0]).all() and mixed[0, 0].std() == 0


def test_zero_strength_is_the_photograph(image, map):
    assert (overlay.overlay_map(image, map, strength=0) == image).all()


def test_the_layer_laid_over_an_image_by_a_browser_is_the_overlay(image, map):
    layer = overlay.heat_layer(map, image.shape[:2])
    seen = image * (1 - layer[..., 3:]) + layer[..., :3] * layer[..., 3:]
    assert np.abs(seen - overlay.overlay_map(image, map)).max() < 1
    assert layer[..., :3].max() <= 255 and layer[..., 3].min() >= 0 and layer[..., 3].max() <= 1


def test_boxes_are_drawn_where_they_are_and_end_before_their_end():
    black = np.zeros((50, 50, 3), np.uint8)
    drawn = overlay.draw_boxes(black, predicted=[10, 12, 30, 40], thickness=1)
    solid = (drawn == overlay.PREDICTED_COLOR).all(-1)
    rows, cols = np.nonzero(solid)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (12, 39, 10, 29)
    assert solid[12, 10:30].all() and solid[12:40, 29].all()


def test_true_boxes_are_dashed_so_that_grey_tells_them_apart():
    black = np.zeros((80, 80, 3), np.uint8)
    dashed = (overlay.draw_boxes(black, true=[5, 5, 75, 75], thickness=1) == overlay.TRUE_COLOR).all(-1)
    top = dashed[5, 5:75]
    assert 0.3 < top.mean() < 0.9


def test_colours_of_the_boxes_stay_apart_without_red_green_vision():
    # Vienot, Brettel and Mollon (1999): linear RGB to what a deuteranope and a protanope see
    linear = (np.array([overlay.TRUE_COLOR, overlay.PREDICTED_COLOR]) / 255.0) ** 2.2
    for matrix in (
        [[0.292, 0.708, 0.0], [0.292, 0.708, 0.0], [-0.022, 0.022, 1.0]],
        [[0.112, 0.888, 0.0], [0.112, 0.888, 0.0], [0.004, -0.004, 1.0]],
    ):
        seen = np.clip(linear @ np.array(matrix).T, 0, 1)
        assert np.abs(seen[0] - seen[1]).max() > 0.3


@pytest.mark.parametrize('boxes', [None, [], np.zeros((0, 4)), [[np.nan, 0, 1, 1]]])
def test_no_box_draws_nothing(image, boxes):
    assert (overlay.draw_boxes(image, boxes, boxes) == image).all()


def test_side_by_side_takes_the_height_of_the_first(image):
    row = overlay.side_by_side([image, np.zeros((30, 20, 3), np.uint8)], gap=2)
    assert row.shape == (60, 80 + 2 + 40, 3)
    assert (row[:, :80] == image).all()
    with pytest.raises(ValueError, match='at least one'):
        overlay.side_by_side([])


def test_fit_grows_small_images_and_shrinks_large_ones():
    small, grown = overlay.fit(np.zeros((60, 80, 3), np.uint8))
    large, shrunk = overlay.fit(np.zeros((3000, 2000, 3), np.uint8))
    assert small.shape[:2] == (240, 320) and grown == 4
    assert large.shape[:2] == (960, 640) and shrunk == pytest.approx(0.32)


def test_strip_shows_three_pictures_and_a_legend(image, map):
    strip = overlay.localization_strip(image, map, [1, 1, 9, 9], [[2, 2, 40, 40]], caption='IoU 0.50 <ü>')
    assert strip.shape == (240 + 24, 3 * 320 + 2 * 4, 3)
    legend = strip[-24:].reshape(-1, 3).tolist()
    assert list(overlay.TRUE_COLOR) in legend and list(overlay.PREDICTED_COLOR) in legend


def test_a_dense_strip_compares_estimate_and_truth_on_one_scale(image):
    estimate, truth = np.full((60, 80), 0.25), np.full((61, 83), 0.5)
    strip = overlay.dense_strip(
        {'image': image, 'pred_map': estimate, 'gt_map': truth, 'map_unit': 'px', 'pred_unit': 'px'}
    )
    assert strip.shape == (240 + 40, 3 * 320 + 2 * 4, 3)
    middle, top = (tuple(strip[100, x]) for x in (320 + 4 + 160, 2 * 324 + 160))
    assert middle == tuple(overlay.colormap()[128]) and top == tuple(overlay.colormap()[255])
    alone = overlay.dense_strip({'image': image, 'pred_map': estimate})
    assert alone.shape == (240 + 40, 2 * 320 + 4, 3)


def test_maps_of_different_units_keep_their_own_scales():
    maps = {'pred_map': np.full((4, 4), 0.25), 'gt_map': np.full((4, 4), 0.5), 'pred_unit': 'a', 'map_unit': 'b'}
    assert [(name, top, unit) for name, _, top, unit in overlay.scaled_maps(maps)] == [
        ('estimate', 0.25, 'a'),
        ('truth', 0.5, 'b'),
    ]


def test_color_bar_runs_from_low_to_high():
    bar = overlay.color_bar(0, 12.5, 'px')
    assert bar.shape == (40, 320, 3)
    assert (bar[0, 0] == overlay.colormap()[0]).all() and (bar[0, -1] == overlay.colormap()[255]).all()


@pytest.mark.parametrize('wrong', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_wrong_images_are_refused_with_what_came(wrong):
    with pytest.raises(ValueError, match='uint8 RGB; got'):
        overlay.overlay_map(wrong, np.eye(3))


def test_file_names_stay_inside_the_folder_and_apart(tmp_path, image, map):
    ids = ['val/a.jpg', 'val_a.jpg', '../../etc/passwd', 'ü/1.png', '.hidden', 'x' * 300]
    names = [safe_name(img_id) for img_id in ids]
    assert len(set(names)) == len(ids)
    assert all('/' not in name and not name.startswith('.') and len(name) < 120 for name in names)
    for img_id in ids:
        path = LocVisualizer().save_strip(tmp_path, img_id, {'image': image, 'map': map}, {'iou': 0.5})
        assert path.parent == tmp_path and path.read_bytes().startswith(b'\x89PNG')
    assert len(list(tmp_path.iterdir())) == len(ids)


@pytest.mark.parametrize(('name', 'start'), [('a.png', b'\x89PNG'), ('b/a.JPG', b'\xff\xd8\xff'), ('a.webp', b'RIFF')])
def test_the_suffix_decides_the_format(tmp_path, name, start):
    path = save_picture(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    assert path.read_bytes().startswith(start)


def test_an_unknown_format_is_refused_before_a_folder_is_made(tmp_path):
    with pytest.raises(ValueError, match="written as .png, .jpg or .webp; got 'a.xyz'"):
        save_picture(tmp_path / 'b/a.xyz', np.zeros((4, 4, 3), np.uint8))
    assert not (tmp_path / 'b').exists()
