"""A whole run in miniature on the built-in scenes: a few seconds of training with everything that is random in it."""

import multiprocessing
import os
import socket
import sys
from pathlib import Path

import torch

REPO = Path(__file__).resolve().parents[1]

CONFIG = """
_base_ = ['{repo}/configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py']
model = dict(backbone=dict(base_channels=4), head=dict(num_classes=10))
scenes = dict(count=24, cache='{cache}', scene=dict(size=64))
train_dataloader = dict(batch_size=6, num_workers={workers}, dataset=scenes)
val_dataloader = dict(batch_size=8, dataset=scenes)
test_dataloader = dict(batch_size=8, dataset=dict(scenes, count={test_count}))
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1'])
test_evaluator = val_evaluator
train_cfg = dict(max_epochs={epochs}, val_interval=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end={epochs}, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(save_best='choe2020-v1/MaxBoxAcc', rule='greater'), ema=dict(type='EMAHook'))
{extra}
"""


def write_config(
    folder: Path, epochs: int = 4, workers: int = 0, test_count: int = 23, extra: str = '', cache: str = 'disk'
) -> Path:
    """A config of 24 scenes of 64 pixels: random flips, AdamW, warm-up and cosine, EMA, validation, best checkpoint."""
    path = folder / 'tiny.py'
    text = CONFIG.format(repo=REPO, epochs=epochs, workers=workers, test_count=test_count, extra=extra, cache=cache)
    path.write_text(text, encoding='utf-8')
    return path


def hurry(monkeypatch, folder: Path) -> None:
    """Draw pictures once for all tests, beside a test's own folder; and do not make the text of configs beautiful."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(folder.parent / 'drawn'))
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))


def tool(name: str):
    """The module of a tool."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f'tool_{Path(name).stem}', REPO / 'tools' / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(['torch', 'mmengine.runner', 'wsolzoo.datasets', 'wsolzoo.engine', 'wsolzoo.methods'])


def _run_tool(name: str, arguments: list[str], log: Path, env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    _plain_config_text()
    with open(log, 'a') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(tool(name).main(arguments))


def _plain_config_text() -> None:
    """As :func:`hurry` does, for a process of its own."""
    from yapf.yapflib import yapf_api

    yapf_api.FormatCode = lambda text, **_: (text, False)


def start(name: str, *arguments: str | Path, log: Path, **env: str) -> multiprocessing.Process:
    """A tool in a process of its own.

    It is forked from a server that has imported everything and has never run a backward pass: after one, torch refuses
    another in a forked process.
    """
    words = [*map(str, arguments)]
    process = SERVER.Process(target=_run_tool, args=(name, words, log, {**os.environ, **env}))
    process.start()
    return process


def start_ranks(count: int, name: str, *arguments: str | Path, log: Path) -> list[multiprocessing.Process]:
    """The same tool in `count` processes that know of each other, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    shared = {'WORLD_SIZE': str(count), 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': port, 'CUDA_VISIBLE_DEVICES': ''}
    return [
        start(name, *arguments, '--launcher', 'pytorch', log=log, RANK=str(i), LOCAL_RANK=str(i), **shared)
        for i in range(count)
    ]


def finish(process: multiprocessing.Process, log: Path, seconds: float = 300) -> None:
    """Wait for the end, which must be a good one."""
    process.join(seconds)
    assert process.exitcode == 0, f'exit status {process.exitcode}:\n{log.read_text()[-3000:]}'


def same(one, other, path: str = '') -> list[str]:
    """Where two nested structures of tensors and values differ, bit for bit."""
    if isinstance(one, torch.Tensor):
        return [] if torch.equal(one, other) else [path]
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [f'{path}: {sorted(map(str, one.keys() ^ other.keys()))}']
        return [found for key in one for found in same(one[key], other[key], f'{path}/{key}')]
    if isinstance(one, (list, tuple)):
        if len(one) != len(other):
            return [f'{path}: {len(one)} and {len(other)}']
        return [found for i, (a, b) in enumerate(zip(one, other)) for found in same(a, b, f'{path}/{i}')]
    return [] if one == other else [f'{path}: {one} and {other}']
