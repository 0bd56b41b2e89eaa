"""tools/evaluate_maps.py: the formats it reads, the numbers it writes, and what it says when input is wrong."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'evaluate_maps.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('evaluate_maps', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path):
    """Eight images in folders: maps, wsolevaluation metadata with boxes and with masks, and the same as CSV."""
    rng = np.random.default_rng(0)
    ids, rows = [f'class/{k % 3}/im{k}.jpg' for k in range(8)], ['image_id,x0,y0,x1,y1,width,height,label']
    sizes, boxes, labels, masks, arrays = [], [], [], [], {}
    for k, image_id in enumerate(ids):
        w, h = (int(n) for n in rng.integers(60, 200, 2))
        x0, y0 = int(w * rng.uniform(0, 0.4)), int(h * rng.uniform(0, 0.4))
        x1, y1 = x0 + w // 2, y0 + h // 2
        array = rng.random((h // 8, w // 8)) * 0.7
        array[y0 // 8 : y1 // 8, x0 // 8 : x1 // 8] += 0.5
        arrays[image_id] = array.astype(np.float32)
        (tmp_path / 'maps' / image_id).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / 'maps' / f'{image_id}.npy', arrays[image_id])
        sizes.append(f'{image_id},{w},{h}')
        labels.append(f'{image_id},{k % 3}')
        for box in [(x0, y0, x1, y1), (0, 0, 9, 9)][: 1 + (k == 2)]:
            boxes.append(','.join(map(str, (image_id, *box))))
            rows.append(','.join(map(str, (image_id, *box, w, h, k % 3))))
        mask, ignore = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint8)
        mask[y0:y1, x0:x1], ignore[: h // 4] = 255, 255
        (tmp_path / 'png').mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / 'png' / f'{k}.png'), mask)
        cv2.imwrite(str(tmp_path / 'png' / f'{k}i.png'), ignore)
        masks.append(f'{image_id},{k}.png,{k}i.png')
    masks.append(f'{ids[0]},1.png,')
    for folder, localization in (('boxes', boxes), ('masks', masks)):
        (tmp_path / folder).mkdir()
        for name, lines in (
            ('image_ids', ids), ('image_sizes', sizes), ('class_labels', labels), ('localization', localization),
        ):  # fmt: skip
            (tmp_path / folder / f'{name}.txt').write_text('\n'.join(lines))  # no newline at the end, as published
    (tmp_path / 'boxes.csv').write_text('\n'.join(rows) + '\n')
    np.savez(tmp_path / 'maps.npz', **arrays)
    return tmp_path


@pytest.fixture
def run(tool, data, capfd):
    """Run the tool on the data; the parsed JSON, or the text of the error."""

    def call(*arguments, maps='maps', annotations='boxes', protocol='choe2020-v1', fails=False):
        out = data / 'out.json'
        out.unlink(missing_ok=True)
        names = [protocol] if isinstance(protocol, str) else protocol
        flags = [part for name in names for part in ('--protocol', name)]
        status = tool.main([str(data / maps), str(data / annotations), *flags, '--out', str(out), *map(str, arguments)])
        said = capfd.readouterr()
        assert status == (2 if fails else 0), said.err
        call.said = said
        return said.err if fails else json.loads(out.read_text())

    return call


def plain_accuracy(data, all_contours, delta, interval=0.001):
    """Accuracy at every threshold as the protocol of Choe et al. reads, with nothing shared; percent."""
    meta = data / 'boxes'
    sizes = {
        line.rsplit(',', 2)[0]: line.split(',')[-2:] for line in (meta / 'image_sizes.txt').read_text().split('\n')
    }
    truths = {}
    for line in (meta / 'localization.txt').read_text().split('\n'):
        name, *box = line.split(',')
        w, h = map(float, sizes[name])
        scale = (224 / w, 224 / h) * 2
        truths.setdefault(name, []).append([int(float(v) * s + 1e-9) for v, s in zip(box, scale, strict=True)])
    curve = []
    for name in truths:
        array = cv2.resize(
            np.load(data / 'maps' / f'{name}.npy').astype(float), (224, 224), interpolation=cv2.INTER_CUBIC
        )
        grey = ((array - array.min()) / (array.max() - array.min()) * 255).astype(np.uint8)
        cache, row = {}, []
        for t in np.arange(0, 1, interval):
            level = int(t * grey.max())
            if level not in cache:
                contours = cv2.findContours((grey > level).astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
                contours = contours if all_contours else [max(contours, key=cv2.contourArea)]
                boxes = [cv2.boundingRect(c) for c in contours]
                boxes = [(x, y, min(x + w, 223), min(y + h, 223)) for x, y, w, h in boxes]
                cache[level] = max(overlap(a, b) for a in boxes for b in truths[name])
            row.append(cache[level] >= delta)
        curve.append(row)
    return 100 * np.mean(curve, axis=0)


def overlap(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]) + 1, min(a[3], b[3]) - max(a[1], b[1]) + 1
    both = max(wide, 0) * max(high, 0)
    return both / (sum((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b)) - both)


def test_numbers_equal_a_plain_implementation(run, data):
    found = run('--workers', 2, protocol=['choe2020-v1', 'choe2020-v2'])
    assert list(found) == ['choe2020-v1', 'choe2020-v2'], 'one entry for each protocol name'
    first, second = found['choe2020-v1'], found['choe2020-v2']
    curve = plain_accuracy(data, False, 0.5)
    assert first['curve'] == {'0.5': pytest.approx(curve.tolist())}
    assert first['MaxBoxAcc'] == first['BoxAcc']['0.5'] == pytest.approx(curve.max())
    assert first['threshold']['0.5'] == pytest.approx(np.arange(0, 1, 0.001)[curve.argmax()])
    assert 0 < first['MaxBoxAcc'] <= 100
    curves = [plain_accuracy(data, True, delta) for delta in (0.3, 0.5, 0.7)]
    for iou, curve in zip(('0.3', '0.5', '0.7'), curves, strict=True):
        assert second['curve'][iou] == pytest.approx(curve.tolist())
        assert second['BoxAcc'][iou] == pytest.approx(curve.max())
    assert second['MaxBoxAccV2'] == pytest.approx(np.mean([curve.max() for curve in curves]))
    for entry in (first, second):
        assert entry['num_images'] == 8 and set(entry['columns']) == {'oracle', 'transferred', 'fixed'}
        assert entry['centered_box']['BoxAcc'] and 'MaxBoxAcc' in entry['whole_image']
        assert entry['versions']['numpy'] == np.__version__


def test_every_format_and_number_of_workers_gives_the_same(run):
    names = ['choe2020-v2', 'bas-v1', 'tscam2021']
    keys = ('curve', 'columns', 'breakdown', 'centered_box', 'num_images')
    expected = {name: {key: entry[key] for key in keys} for name, entry in run(protocol=names).items()}
    for options in (
        {'annotations': 'boxes.csv'}, {'maps': 'maps.npz'}, {'maps': 'maps.npz', 'annotations': 'boxes.csv'},
    ):  # fmt: skip
        for workers in (1, 3):
            found = run('--workers', workers, protocol=names, **options)
            assert {name: {key: entry[key] for key in keys} for name, entry in found.items()} == expected


def test_default_protocol_progress_and_tables(run):
    found = run(protocol=[])
    assert list(found) == ['choe2020-v2']
    assert '8/8' in run.said.err and 'choe2020-v2' in run.said.out and 'oracle' in run.said.out


def test_pixels(run, data):
    found = run('--mask-root', data / 'png', annotations='masks', protocol='choe2020-pxap')['choe2020-pxap']
    scores, truth = [], []
    for k in range(8):
        array = np.load(data / 'maps' / f'class/{k % 3}/im{k}.jpg.npy').astype(float)
        array = cv2.resize(array, (224, 224), interpolation=cv2.INTER_CUBIC)

        def png(name):
            gray = cv2.imread(str(data / 'png' / name), cv2.IMREAD_GRAYSCALE)
            return cv2.resize(gray, (224, 224), interpolation=cv2.INTER_NEAREST) > 0.5

        mask = png(f'{k}.png') | (png('1.png') if k == 0 else False)
        keep = mask | ~png(f'{k}i.png')
        scores.append(((array - array.min()) / (array.max() - array.min()))[keep])
        truth.append(mask[keep])
    scores, truth = np.concatenate(scores), np.concatenate(truth)
    average, recall, ious = 0.0, 0.0, []
    for edge in [1.0, *np.arange(0, 1, 0.001)[::-1]]:
        true, chosen = truth[scores >= edge].sum(), (scores >= edge).sum()
        ious.append(true / (truth.sum() + chosen - true))
        if chosen:
            average += true / chosen * (true / truth.sum() - recall)
            recall = true / truth.sum()
    assert found['PxAP'] == pytest.approx(100 * average) and found['pIoU'] == pytest.approx(100 * max(ious))
    assert found['num_images'] == 8


def test_transfer_from_a_validation_run(run, data):
    validation = run(protocol=['choe2020-v2-fullsup', 'choe2020-v1'])
    (data / 'val.json').write_text(json.dumps(validation))
    name = 'choe2020-v2-fullsup'
    entry = run('--transfer', data / 'val.json', protocol=name, annotations='boxes.csv')[name]
    assert entry['columns']['transferred']['threshold'] == validation['choe2020-v2-fullsup']['threshold']
    assert entry['headline'] == 'transferred' and entry['GTKnown'] == entry['columns']['transferred']['GTKnown']
    assert validation['choe2020-v2-fullsup']['headline'] is None and 'GTKnown' not in validation['choe2020-v2-fullsup']
    said = run('--transfer', data / 'val.json', '--interval', 0.01, protocol='choe2020-v2-fullsup', fails=True)
    assert 'another definition' in said
    assert 'holds none of' in run('--transfer', data / 'val.json', protocol='bas-v1', fails=True)
    assert 'not a result' in run('--transfer', data / 'boxes.csv', fails=True)


def test_interval_and_fixed(run):
    entry = run('--interval', 0.05, '--fixed', 'choe2020-v1=0.33')['choe2020-v1']
    assert len(entry['curve']['0.5']) == len(entry['thresholds']) == 20 and entry['interval'] == 0.05
    assert entry['columns']['fixed']['threshold'] == {'0.5': 0.33}
    assert 'not among' in run('--fixed', 'bas-v1=0.3', fails=True)
    assert 'NAME=T' in run('--fixed', 'choe2020-v1=x', fails=True)
    assert '--interval' in run('--interval', 2, fails=True)


def test_report(run, data):
    page = data / 'report.html'
    corner = np.zeros((20, 20))
    corner[-2:, -2:] = 1
    np.save(data / 'maps/class/2/im5.jpg.npy', corner)
    run('--report', page, protocol=['choe2020-v1', 'choe2020-v2'])
    text = page.read_text()
    assert 'choe2020-v2' in text and 'Wrong place' in text and '8 images' in text


def test_missing_maps(run, data):
    (data / 'maps/class/1/im4.jpg.npy').unlink()
    said = run(fails=True)
    assert 'class/1/im4.jpg.npy' in said and '--allow-missing' in said
    whole = run('--allow-missing', protocol=['choe2020-v1', 'bas-v2'])
    assert whole['choe2020-v1']['missing_maps'] == 1 and whole['choe2020-v1']['num_images'] == 8
    assert '1 of 8 maps are missing' in run.said.err and 'im4.jpg' in run.said.err
    assert max(whole['choe2020-v1']['curve']['0.5']) <= 87.5
    said = run('--workers', 2, fails=True)
    assert 'class/1/im4.jpg.npy' in said


def test_map_files_without_the_image_suffix(run, data):
    (data / 'maps/class/1/im4.jpg.npy').rename(data / 'maps/class/1/im4.npy')
    assert run()['choe2020-v1']['missing_maps'] == 0


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.full((3, 3), np.nan, np.float32), 'holds 9 values that are NaN'),
        (np.array([[1, np.inf]]), 'holds 1 values'),
        (np.zeros((1, 3, 3)), r'shape \(1, 3, 3\)'),
        (np.zeros(4), r'shape \(4,\)'),
        (np.zeros((0, 4)), 'shape'),
        (np.zeros((2, 2), complex), 'complex128'),
        (np.array([[None]]), 'type object'),
    ],
)
def test_unusable_maps_are_named(run, data, array, message):
    np.save(data / 'maps/class/2/im5.jpg.npy', array)
    said = run('--allow-missing', fails=True)
    assert 'im5.jpg.npy' in said
    assert re.search(message, said), said


def test_broken_files(run, data):
    (data / 'maps/class/2/im5.jpg.npy').write_bytes(b'not numpy')
    assert 'im5.jpg.npy cannot be read' in run(fails=True)
    (data / 'maps.npz').write_bytes(b'PK not a zip')
    assert 'maps.npz is no archive of maps' in run(maps='maps.npz', fails=True)
    np.save(data / 'one.npy', np.zeros((3, 3)))
    assert 'one.npy is no archive of maps' in run(maps='one.npy', fails=True)
    assert 'nowhere does not exist' in run(maps='nowhere', fails=True)
    assert 'nowhere does not exist' in run(annotations='nowhere', fails=True)


def _append(path, line):
    path.write_text(path.read_text().rstrip('\n') + '\n' + line)


@pytest.mark.parametrize(
    ('file', 'line', 'message'),
    [
        ('image_ids.txt', 'class/0/im0.jpg', 'line 9: .*already on line 1'),
        ('image_ids.txt', 'class/0/new.jpg', "no class for 'class/0/new.jpg'"),
        ('localization.txt', 'class/0/im0.jpg,1,2,3', 'line 10: expected 5'),
        ('localization.txt', 'class/0/im0.jpg,1,2,three,4', "line 10: 'three' is not a number"),
        ('localization.txt', 'class/0/im0.jpg,1,2,nan,4', 'line 10: .*finite'),
        ('localization.txt', 'class/0/im0.jpg,9,2,3,4', 'line 10: .*x0 <= x1'),
        ('localization.txt', 'class/0/who.jpg,1,2,3,4', 'line 10: .*not in image_ids'),
        ('image_sizes.txt', 'class/0/im0.jpg,10,10', 'line 9: .*already'),
        ('image_sizes.txt', 'other.jpg,0,10', 'line 9: width and height'),
        ('class_labels.txt', 'other.jpg,cat', "line 9: 'cat' is not a number"),
    ],
)
def test_malformed_metadata_is_named_with_its_line(run, data, file, line, message):
    _append(data / 'boxes' / file, line)
    said = run(fails=True)
    assert file in said or 'class_labels.txt' in said
    assert re.search(message, said), said


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('class/0/im0.jpg,1,2,3', 'line 11: expected 8 values'),
        ('class/0/im0.jpg,1,2,3,4,5,6,0', 'line 11: .*another width'),
        ('new.jpg,1,2,3,x,5,6,0', "line 11: 'x' is not a number"),
        ('new.jpg,1,2,3,4,5,6,7,8,9', 'line 11: expected 8 values'),
        (',1,2,3,4,5,6,0', 'line 11: image_id is empty'),
    ],
)
def test_malformed_csv_is_named_with_its_line(run, data, line, message):
    _append(data / 'boxes.csv', line)
    said = run(annotations='boxes.csv', fails=True)
    assert 'boxes.csv' in said and re.search(message, said), said


def test_incomplete_annotations(run, data):
    lines = (data / 'boxes/localization.txt').read_text().split('\n')
    (data / 'boxes/localization.txt').write_text('\n'.join(lines[:-1]))
    said = run(fails=True)
    assert '1 of 8 images' in said and 'no boxes' in said and 'im7.jpg' in said
    (data / 'boxes/localization.txt').write_text('\n'.join(lines))
    (data / 'boxes/image_sizes.txt').unlink()
    assert 'no size' in run(fails=True)
    (data / 'boxes.csv').write_text('image_id,x0,y0,x1,y1\n')
    assert 'column width, height missing' in run(annotations='boxes.csv', fails=True)
    (data / 'boxes.csv').write_text('image_id,x0,y0,x1,y1,width,height\n')
    assert 'names no image' in run(annotations='boxes.csv', fails=True)


def test_protocols_that_do_not_fit_the_annotations(run, data):
    assert 'needs masks' in run(protocol='choe2020-pxap', fails=True)
    assert 'needs boxes' in run(annotations='masks', fails=True)
    assert 'png cannot be read' in run(annotations='masks', protocol='choe2020-pxap', fails=True)
    (data / 'boxes/class_labels.txt').unlink()
    assert 'no class labels' in run(protocol='bas-v1', fails=True)
    assert 'choe2020-v2' in run(protocol='choe2020v2', fails=True)
    run(protocol=['choe2020-v1', 'bas-v2'])
    assert 'different parts of the image' in run.said.err


def test_constant_maps_are_reported(run, data):
    np.save(data / 'maps/class/2/im5.jpg.npy', np.ones((5, 5)))
    assert run()['choe2020-v1']['degenerate_maps'] == 1
    assert '1 of 8 maps are constant' in run.said.err


def test_memory_does_not_grow_with_images(tool, data):
    from wsolzoo.evaluation.localization import protocols
    from wsolzoo.evaluation.offline.annotations import read_annotations
    from wsolzoo.evaluation.offline.map_files import MapFiles
    from wsolzoo.evaluation.offline.standalone import Evaluation

    def size(copies):
        annotations = read_annotations(data / 'boxes')
        annotations.ids = annotations.ids * copies
        evaluation = Evaluation([protocols.get('choe2020-v2')], MapFiles(data / 'maps'), annotations)
        evaluation.run()
        counts = evaluation.boxes['choe2020-v2']
        assert counts.num_images == 8 * copies and not evaluation.kept
        return sum(
            tally.hits.nbytes + tally.total.nbytes for tally in [*counts.classes.values(), *counts.sizes.values()]
        )

    assert size(1) == size(5)


def test_explain_and_no_torch():
    code = (
        'import sys, runpy; sys.argv = ["evaluate_maps.py", "--explain", "bas-v2"]\n'
        f'try: runpy.run_path({str(TOOL)!r}, run_name="__main__")\n'
        'except SystemExit as stop: assert not stop.code, stop.code\n'
        'assert "torch" not in sys.modules and "numba" not in sys.modules'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '8-connected' in done.stdout
    done = subprocess.run([sys.executable, TOOL, '--explain', 'bas2'], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and 'bas-v2' in done.stderr


def test_a_whole_run_imports_nothing_heavy(data):
    code = (
        'import sys, runpy; sys.argv = ["evaluate_maps.py", "maps", "boxes", "--protocol", "choe2020-v1"]\n'
        f'try: runpy.run_path({str(TOOL)!r}, run_name="__main__")\n'
        'except SystemExit as stop: assert not stop.code, stop.code\n'
        'assert not {"torch", "mmengine", "jinja2", "PIL"} & set(sys.modules)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False, cwd=data)
    assert done.returncode == 0, done.stderr
    assert 'MaxBoxAcc' in done.stdout
