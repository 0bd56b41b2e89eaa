"""Where weights come from, and that they are the ones that were asked for."""

from hashlib import sha256
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

from wsolzoo.engine.weights import install, sources
from wsolzoo.engine.weights.checkpoint import load_weights
from wsolzoo.engine.weights.reading import CheckpointError, hash_in_name
from wsolzoo.engine.weights.sources import load_from_local, read_checkpoint
from wsolzoo.models.backbones import PlainNet


def tiny(**kwargs) -> PlainNet:
    return PlainNet(base_channels=4, strides=(2, 2), depth=1, **kwargs)


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    install()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))


def serve(monkeypatch, files: dict[str, Path]) -> list[str]:
    """Let a download copy a file; what was fetched so far."""
    fetched = []

    def download(url, path, sha256_prefix=None):
        fetched.append(url)
        Path(path).write_bytes(files[url].read_bytes())

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    return fetched


def named_after_hash(path: Path, value) -> Path:
    torch.save(value, path)
    return path.rename(path.with_name(f'{path.stem}-{sha256(path.read_bytes()).hexdigest()[:8]}.pth'))


def test_no_scheme_is_left_to_the_unsafe_readers():
    ours = set(sources.SCHEMES.values())
    assert set(CheckpointLoader._schemes.values()) == ours


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('torchvision://vgg61', 'vgg16'),
        ('timm://mobilenetv1_10', 'mobilenetv1_100'),
        ('mmpretrain://resnet50_8xb32_in2k', 'resnet50_8xb32_in1k'),
        ('mmcls://vgg61', 'vgg16'),
        ('s3://bucket/a.pth', 'not supported'),
    ],
)
def test_unknown_names_are_answered_with_close_ones(name, message):
    if name.startswith('timm'):
        pytest.importorskip('timm')
    with pytest.raises(CheckpointError, match=message):
        CheckpointLoader.load_checkpoint(name)


def test_torchvision_scheme_reads_a_cached_file(tmp_path, monkeypatch):
    """The real path from the scheme to the reader; only the list and the download are replaced."""
    file = named_after_hash(tmp_path / 'vgg16.pth', tiny().state_dict())
    url = f'https://host/models/{file.name}'
    monkeypatch.setattr(sources, 'get_torchvision_models', lambda: {'vgg16': url})
    fetched = serve(monkeypatch, {url: file})
    model = tiny(init_cfg={'type': 'Pretrained', 'checkpoint': 'torchvision://vgg16'})
    for _ in range(2):  # the second time from the cache
        model.init_weights()
        model._is_init = False
    assert fetched == [url]
    assert (tmp_path / 'home/hub/checkpoints' / file.name).is_file()  # where torch itself looks


def test_two_addresses_that_end_alike_do_not_share_a_file(tmp_path, monkeypatch):
    files = {}
    for name in 'ab':
        torch.save({'w': torch.full((1,), float(ord(name)))}, tmp_path / name)
        files[f'https://host/{name}/model.pth'] = tmp_path / name
    fetched = serve(monkeypatch, files)
    for _ in range(2):
        values = [float(read_checkpoint(url)['w']) for url in files]
        assert values == [97.0, 98.0]
    assert fetched == list(files)


@pytest.mark.parametrize('source', ['local', 'https', 'torchvision'])
def test_one_flipped_bit_under_a_name_with_a_hash(tmp_path, monkeypatch, source):
    """Written without check sums, as old files are: only the name tells."""
    torch.save(tiny().state_dict(), tmp_path / 'w.pth', _use_new_zipfile_serialization=False)
    good = (tmp_path / 'w.pth').read_bytes()
    path = tmp_path / f'w-{sha256(good).hexdigest()[:8]}.pth'
    path.write_bytes(good[:-9] + bytes([good[-9] ^ 64]) + good[-8:])
    url = f'https://host/{path.name}'
    monkeypatch.setattr(sources, 'get_torchvision_models', lambda: {'vgg16': url})
    serve(monkeypatch, {url: path})
    with pytest.raises(CheckpointError, match=r'not the file it is named after.*SHA-256 begins with'):
        load_weights(tiny(), {'local': str(path), 'https': url, 'torchvision': 'torchvision://vgg16'}[source])
    path.write_bytes(good)
    assert not load_weights(tiny(), str(path))


def test_a_download_that_fails_says_where_to_put_the_file(monkeypatch):
    def fail(*_):
        raise OSError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(CheckpointError, match='no route to host.*put the file there by hand: .*/model.pth'):
        read_checkpoint('https://host/model.pth?raw=true')


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('cam_20240101-deadbeef.pth', 'deadbeef'),
        ('net-0123456789abcdef.safetensors', '0123456789abcdef'),
        ('backup-20240131.pth', None),  # a day, though its digits are hexadecimal ones
        ('net-deadbee.pth', None),
        ('epoch_3.pth', None),
    ],
)
def test_what_counts_as_a_hash(name, expected):
    assert hash_in_name(name) == expected


def test_a_local_file_named_after_its_hash_loads(tmp_path):
    assert float(load_from_local(str(named_after_hash(tmp_path / 'net.pth', {'a': torch.ones(1)})))['a']) == 1
