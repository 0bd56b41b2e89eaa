"""Words after a command that it cannot use."""

from pathlib import Path

import numpy as np

from tests.bad_input import Broken
from tests.bad_input.annotations import HEAD
from tests.bad_input.configs import NO_CHECKPOINT
from tests.bad_input.maps import npy
from tests.tiny_run import tool
from wsolzoo import cli

TINY = 'cam/cam_plainnet_1xb32-15e_scenes-96px.py'


def command(*words: str):
    return lambda tmp: cli.main([str(tmp) if word == '~' else word for word in words])


def evaluate(*options: str):
    def call(tmp: Path) -> int:
        npy(tmp / 'b.npy', np.eye(4))
        (tmp / 'boxes.csv').write_text(HEAD + 'a,0,0,5,5,9,9\nb,0,0,5,5,9,9\n')
        return tool('evaluate_maps.py').main([str(tmp), str(tmp / 'boxes.csv'), *options])

    return call


def of_tool(name: str, *words: str):
    return lambda tmp: tool(name).main([word.replace('~', str(tmp)) for word in words])


COMMANDS = [
    Broken(
        'unknown command',
        command('trian'),
        "wsolzoo: no command 'trian'; did you mean 'train'?",
    ),
    Broken('train: no config', of_tool('train.py'), 'tool: error: the following arguments are required: config'),
    Broken(
        'train: missing config',
        of_tool('train.py', '~/no.py'),
        'error: config ~/no.py does not exist (working directory: ~).',
    ),
    Broken(
        'train: resume from nothing',
        of_tool('train.py', TINY, '--resume', '~/no.pth'),
        'error: checkpoint ~/no.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'train: seed',
        of_tool('train.py', TINY, '--seed', 'one'),
        "tool: error: argument --seed: invalid int value: 'one'",
    ),
    Broken(
        'test: no checkpoint',
        of_tool('test.py', 'cam/cam_vgg16_1xb32-50e_cub-224px.py'),
        f'error: {NO_CHECKPOINT}',
    ),
    Broken(
        'test: missing checkpoint',
        of_tool('test.py', TINY, '~/no.pth'),
        'error: checkpoint ~/no.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'infer: no image',
        of_tool('infer.py', TINY, '~/no.jpg', '--out-dir', '~'),
        'error: image ~/no.jpg does not exist',
    ),
    Broken(
        'maps: map missing',
        evaluate(),
        "error: ~/a.npy is missing; save the map of image 'a' there, or count such images as misses with "
        '--allow-missing',
    ),
    Broken(
        'maps: protocol',
        evaluate('--protocol', 'choe2021-v2'),
        "error: there is no protocol 'choe2021-v2'; did you mean choe2020-v2 or choe2020-v1 or choe2020-v2-pas?",
    ),
    Broken(
        'maps: fixed',
        evaluate('--fixed', 'choe2020-v2'),
        "error: --fixed takes NAME=T with a number T; got 'choe2020-v2'",
    ),
    Broken(
        'maps: threshold',
        evaluate('--fixed', 'choe2020-v2=1.5'),
        'error: --fixed choe2020-v2=1.5: a threshold is in [0, 1)',
    ),
    Broken(
        'maps: interval',
        evaluate('--interval', '0'),
        'error: --interval: threshold interval is from 0.0001 to below 1; got 0.0',
    ),
    Broken('maps: workers', evaluate('--workers', '0'), 'tool: error: --workers is at least 1'),
]
