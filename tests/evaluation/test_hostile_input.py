"""Files that are broken on purpose or by accident: one sentence that names the file, and no memory taken for them."""

import json
import struct
import tracemalloc
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.evaluation.test_evaluate_maps import data, run, tool  # noqa: F401  fixtures
from wsolzoo.evaluation.localization.protocols import View
from wsolzoo.evaluation.offline import masks
from wsolzoo.evaluation.offline.annotations import InputError
from wsolzoo.evaluation.offline.map_files import MapFiles
from wsolzoo.evaluation.offline.masks import read_mask


def npy(header: str | bytes, content: bytes = b'', version: bytes = b'\1\0') -> bytes:
    text = header if isinstance(header, bytes) else header.encode() + b'\n'
    return b'\x93NUMPY' + version + struct.pack('<H' if version == b'\1\0' else '<I', len(text)) + text + content


def described(shape='(2, 2)', descr="'<f8'", content=b''):
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}", content)


HOSTILE = {
    'empty': (b'', 'no .npy file'),
    'text': (b'hello', 'no .npy file'),
    'version': (npy('{}', version=b'\7\0'), 'no .npy file'),
    'cut in its first bytes': (b'\x93NUMPY\1\0', 'cannot be read'),
    'header longer than the file': (b'\x93NUMPY\1\0\xff\xff{', 'header is damaged'),
    'header of 4 GB': (b'\x93NUMPY\2\0\xff\xff\xff\xff{', 'header claims 4294967295 bytes'),
    'header that runs code': (npy("__import__('os').getcwd()"), 'header is damaged'),
    'header nested a thousand times': (npy('(' * 9000), 'header is damaged'),
    'header without a shape': (npy("{'descr': '<f8', 'fortran_order': False}"), 'header is damaged'),
    'header that is a list': (npy('[1, 2]'), 'header is damaged'),
    'unknown type': (described(descr="'<q99'"), 'header is damaged'),
    'negative side': (described('(-1, 2)'), 'header is damaged'),
    'side that is no integer': (described('(1.5, 2)'), 'header is damaged'),
    'a hundred thousand squared': (described('(100000, 100000)'), r'shape \(100000, 100000\); a map has at most'),
    'sides beyond 64 bits': (described(f'({10**30}, 2)'), 'a map has at most'),
    'data cut off': (described(content=bytes(31)), 'ends after 31 of 32 bytes'),
    'objects': (described(descr="'|O'", content=bytes(99)), 'type object'),
    'records': (described(descr="[('a', '<f8')]", content=bytes(32)), 'type'),
    'range that overflows': (described(content=np.array([-1e308, 1e308, 0, 0]).tobytes()), '2 values that are NaN'),
    'greatest double': (described(content=np.full(4, 1.7e308).tobytes()), '4 values that are NaN'),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_npy(kind, tmp_path):
    content, message = HOSTILE[kind]
    (tmp_path / 'a.jpg.npy').write_bytes(content)
    with pytest.raises(InputError, match=r'a\.jpg\.npy .*' + message):
        MapFiles(tmp_path).read('a.jpg')
    with zipfile.ZipFile(tmp_path / 'all.npz', 'w') as archive:
        archive.writestr('a.jpg.npy', content)
    with pytest.raises(InputError, match=r'all\.npz\[a\.jpg\] .*' + message):
        MapFiles(tmp_path / 'all.npz').read('a.jpg')


def test_an_archive_that_inflates_to_gigabytes_is_read_no_further_than_its_header(tmp_path):
    with zipfile.ZipFile(tmp_path / 'all.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb.npy', described('(20000, 20000)', content=bytes(50_000_000)))
        archive.writestr('long.npy', described('(2, 2)', content=bytes(50_000_000)))
        archive.writestr('text.npy', bytes(50_000_000))
    files = MapFiles(tmp_path / 'all.npz')
    tracemalloc.start()
    with pytest.raises(InputError, match='at most'):
        files.read('bomb')
    with pytest.raises(InputError, match='no .npy file'):
        files.read('text')
    assert files.read('long').tolist() == [[0, 0], [0, 0]]
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def encrypted(path):
    """Set the bit that says so: zipfile writes none itself."""
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b'PK\1\2') + 8] |= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (encrypted, 'encrypted'),
        (lambda path: path.write_bytes(path.read_bytes().replace(b'\x93NUMPY', b'\x93NUMPX')), 'cannot be read'),
        (lambda path: path.write_bytes(path.read_bytes()[:40] + path.read_bytes()[90:]), 'all.npz'),
    ],
    ids=['encrypted', 'changed byte', 'cut out'],
)
def test_damaged_archives(tmp_path, damage, message):
    np.savez(tmp_path / 'all.npz', a=np.eye(3))
    damage(tmp_path / 'all.npz')
    with pytest.raises(InputError, match=message):
        MapFiles(tmp_path / 'all.npz').read('a')


def test_members_that_are_no_maps(tmp_path):
    with zipfile.ZipFile(tmp_path / 'all.npz', 'w') as archive:
        archive.writestr('readme', 'a text')
    with pytest.raises(InputError, match=r'all\.npz\[readme\] cannot be read'):
        MapFiles(tmp_path / 'all.npz').read('readme')
    assert MapFiles(tmp_path / 'all.npz').read('another') is None


def test_orders_and_types_are_read_as_numpy_wrote_them(tmp_path):
    rng = np.random.default_rng(0)
    for k, dtype in enumerate(('<f8', '>f4', '<f2', '|u1', '>i8', '|b1')):
        array = (rng.random((4, 5)) * 100).astype(dtype)
        for name, given in (('c', array), ('f', np.asfortranarray(array)), ('t', array[::2, ::-1])):
            np.save(tmp_path / f'{name}{k}.npy', given)
            found = MapFiles(tmp_path).read(f'{name}{k}')
            assert found.dtype == given.dtype
            np.testing.assert_array_equal(found, given)


@pytest.mark.parametrize('encoding', ['utf-16', 'latin1'])
@pytest.mark.parametrize(
    'file', ['boxes/image_ids.txt', 'boxes/localization.txt', 'boxes/image_sizes.txt', 'boxes.csv']
)
def test_text_in_another_encoding(run, data, encoding, file):  # noqa: F811
    path = data / file
    path.write_bytes((path.read_text() + '\nä').encode(encoding))
    said = run(annotations=path.relative_to(data).parts[0], fails=True)
    assert f'{path.name} is not UTF-8 text' in said and 'save it as UTF-8' in said


@pytest.mark.parametrize('image_id', ['.', '..', '/etc/passwd', 'a//b', '../../a', 'a/./b', 'a\0b'])
def test_ids_that_leave_the_folder_of_maps(run, data, image_id):  # noqa: F811
    path = data / 'boxes' / 'image_ids.txt'
    path.write_text(path.read_text() + f'\n{image_id}')
    (data / 'boxes' / 'class_labels.txt').unlink()
    assert 'is no image id' in run(fails=True)


@pytest.mark.parametrize(
    ('file', 'line', 'message'),
    [
        ('localization.txt', 'class/0/im0.jpg,0,0,1e308,5', "line 10: '1e308' is not a finite number between"),
        ('image_sizes.txt', 'other.jpg,1e300,5', "line 9: '1e300' is not a finite number between"),
        ('class_labels.txt', 'other.jpg,1.5', 'line 9: a class is an integer'),
        ('class_labels.txt', 'other.jpg,-1', 'line 9: a class is an integer'),
    ],
)
def test_numbers_no_picture_has(run, data, file, line, message):  # noqa: F811
    path = data / 'boxes' / file
    path.write_text(path.read_text() + '\n' + line)
    assert f'{file}, {message}' in run(fails=True)


def test_csv_that_is_no_csv(run, data):  # noqa: F811
    (data / 'boxes.csv').write_text('image_id,x0,y0,x1,y1,width,height\n"' + 'x' * 200_000)
    assert 'boxes.csv cannot be read as text: field larger' in run(annotations='boxes.csv', fails=True)


@pytest.mark.parametrize('interval', ['1e-5', '1e-300', 'nan', '0', '1', '-1'])
def test_grids_that_a_record_cannot_count(run, interval):  # noqa: F811
    """65,536 thresholds and more gave wrong IoUs."""
    assert 'threshold interval is from 0.0001' in run('--interval', interval, protocol='bas-v2', fails=True)


@pytest.mark.parametrize('flag', ['--out', '--report'])
def test_a_result_that_cannot_be_written_is_refused_before_the_work(tool, data, capfd, monkeypatch, flag):  # noqa: F811
    monkeypatch.setattr(tool, 'run', lambda evaluation: pytest.fail('the work was begun'))
    (data / 'file').write_text('')
    for place in (data, data / 'file' / 'out.json', data / 'a\0b'):
        assert tool.main([str(data / 'maps'), str(data / 'boxes'), flag, str(place)]) == 2
        assert 'cannot be written' in capfd.readouterr().err


@pytest.mark.parametrize('threshold', [{'0.5': 0.12345}, {'0.5': 'low'}, {}, 0.5, None])
def test_transferred_thresholds_that_mean_nothing(run, data, threshold):  # noqa: F811
    entry = run()['choe2020-v1']
    entry['columns']['oracle']['threshold'] = threshold
    (data / 'chosen.json').write_text(json.dumps({'choe2020-v1': entry}))
    assert 'chosen.json is not a result written by --out' in run('--transfer', data / 'chosen.json', fails=True)


def test_grey_png_masks_are_what_opencv_reads(tmp_path, monkeypatch):
    """All bit depths and filters, any size, cropped and whole, and never through OpenCV."""
    expected = cv2.imread
    monkeypatch.setattr(cv2, 'imdecode', lambda *args: pytest.fail('decoded by OpenCV'))
    rng, file = np.random.default_rng(0), tmp_path / 'a.png'
    for k in range(120):
        height, width = (int(n) for n in rng.integers(1, 90, 2))
        noise = (rng.random((height, width)) < 0.5) * rng.integers(0, 256, (height, width))
        array = (noise if k % 2 else cv2.resize(rng.random((3, 3)) * 200, (width, height))).astype(np.uint8)
        if k % 3 == 0:
            cv2.imwrite(str(file), array, [cv2.IMWRITE_PNG_BILEVEL, k % 2])
        elif k % 3 == 1:
            Image.fromarray(array > 100).save(file)
        else:
            write_png(file, array, rng.integers(0, 5, height))
        view = View((256, 256), (224, 224)) if k % 5 == 0 else View(tuple(int(n) for n in rng.integers(1, 120, 2)))
        grey = cv2.resize(expected(str(file), cv2.IMREAD_GRAYSCALE), view.resize[::-1], interpolation=cv2.INTER_NEAREST)
        grey = grey[16:240, 16:240] if view.crop else grey
        np.testing.assert_array_equal(read_mask([('a.png', '')], tmp_path, view), grey > 0)


def chunk(kind, content):
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def write_png(path, array, filters, extra=b'', header=None):
    """An 8-bit grey PNG with one filter a row."""
    rows, above = [], np.zeros(array.shape[1], int)
    for kind, row in zip(filters, array.astype(int), strict=True):
        left, corner = np.concatenate([[0], row[:-1]]), np.concatenate([[0], above[:-1]])
        p = left + above - corner
        nearest = np.argmin([abs(p - left), abs(p - above), abs(p - corner)], 0)
        guess = [0 * row, left, above, (left + above) // 2, np.choose(nearest, [left, above, corner])][kind]
        rows.append(bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes())
        above = row
    header = header or struct.pack('>IIBBBBB', array.shape[1], array.shape[0], 8, 0, 0, 0, 0)
    pixels = zlib.compress(b''.join(rows))
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + extra + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')
    )


def test_other_pictures_are_left_to_opencv(tmp_path):
    rng = np.random.default_rng(1)
    array = ((rng.random((20, 30)) < 0.5) * 255).astype(np.uint8)
    for name, given in (
        ('colour.png', np.stack([array] * 3, 2)),
        ('deep.png', array.astype(np.uint16) * 256),
        ('a.bmp', array),
    ):
        cv2.imwrite(str(tmp_path / name), given)
        found = read_mask([(name, '')], tmp_path, View((20, 30)))
        np.testing.assert_array_equal(found, array > 0)
    write_png(tmp_path / 'key.png', array, [0] * 20, chunk(b'tRNS', b'\0\xff'))
    read_mask([('key.png', '')], tmp_path, View((20, 30)))


@pytest.mark.parametrize('kind', ['missing', 'empty', 'folder', 'text', 'cut', 'huge', 'bomb', ''])
def test_masks_that_are_no_pictures(tmp_path, kind):
    array, file = np.zeros((4, 4), np.uint8), tmp_path / f'{kind}.png'
    write_png(tmp_path / 'good.png', array, [0] * 4)
    good = (tmp_path / 'good.png').read_bytes()
    if kind == 'folder':
        file.mkdir()
    elif kind == 'huge':
        write_png(file, array, [0] * 4, header=struct.pack('>IIBBBBB', 2**30, 2**30, 8, 0, 0, 0, 0))
    elif kind == 'bomb':  # says 4 x 4, and inflates to 100 MB
        assert masks._inflate(good[:33] + chunk(b'IDAT', zlib.compress(bytes(10**8))) + chunk(b'IEND', b''), 20) is None
        file = tmp_path / 'missing.png'
    elif kind != 'missing' and kind:
        file.write_bytes({'empty': b'', 'text': b'hello', 'cut': good[:50]}[kind])
    with pytest.raises(InputError, match='cannot be read as an image'):
        read_mask([(file.name if kind else '', '')], tmp_path, View((4, 4)))
