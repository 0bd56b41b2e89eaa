"""Files that are no weights, or those of another network, or do something when they are read."""

import argparse
import os
import pickle
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from tests.bad_input import Broken, file
from wsolzoo.engine.weights.checkpoint import load_from_local, load_weights
from wsolzoo.engine.weights.mismatch import only_prefix
from wsolzoo.models.backbones import PlainNet
from wsolzoo.run import launch


class Evil:
    def __reduce__(self):
        return os.system, ('touch evil_was_here',)


def saved(path: Path, value) -> str:
    torch.save(value, path)
    return str(path)


def net() -> PlainNet:
    return PlainNet(base_channels=4, strides=(2, 2), depth=1)


ANOTHER = 'Is it the file you meant, and complete? Copy or download it again, or take another checkpoint.'


CHECKPOINTS = [
    Broken(
        'no file',
        lambda t: (file(t / 'epoch_1.pth'), load_from_local(str(t / 'epoch_2.pth'))),
        'no checkpoint ~/epoch_2.pth. Did you mean epoch_1.pth?',
    ),
    Broken(
        'empty',
        lambda t: load_from_local(file(t / 'a.pth')),
        f'~/a.pth is no readable checkpoint (it is empty). {ANOTHER}',
    ),
    Broken(
        'a web page',
        lambda t: load_from_local(file(t / 'a.pth', '<html>404</html>')),
        f'~/a.pth is not a checkpoint that torch can read safely (Unsupported operand 60). {ANOTHER}',
    ),
    Broken(
        'runs a command',
        lambda t: load_from_local(saved(t / 'a.pth', {'a': Evil()})),
        '~/a.pth was refused: beside weights it holds posix.system, and reading that would run code of '
        'whoever made the file. Nothing was run. Get the weights as a bare state_dict or as .safetensors; '
        'or, if you trust where the file comes from, open it once where nothing can be lost and keep only '
        "its tensors: torch.save(torch.load('in.pth', weights_only=False)['state_dict'], 'out.pth').",
    ),
    Broken(
        'holds an object',
        lambda t: load_from_local(saved(t / 'a.pth', argparse.Namespace(lr=1))),
        '~/a.pth was refused: beside weights it holds argparse.Namespace, and reading that would run code '
        'of whoever made the file. Nothing was run. Get the weights as a bare state_dict or as '
        '.safetensors; or, if you trust where the file comes from, open it once where nothing can be lost '
        "and keep only its tensors: torch.save(torch.load('in.pth', weights_only=False)['state_dict'], "
        "'out.pth').",
    ),
    Broken(
        'another network',
        lambda t: load_weights(net(), saved(t / 'a.pth', {'x.weight': torch.ones(1)})),
        '~/a.pth does not fit PlainNet:\n  0 weights loaded\n  10 of the model not in the file (left as they '
        'are): stem.* (5), stage1.* (5)\n  1 of the file not in the model (ignored): x.weight',
    ),
    Broken(
        'no weights in it',
        lambda t: load_weights(net(), saved(t / 'a.pth', {'epoch': 3})),
        '~/a.pth: expected a state_dict (names → tensors) or a dict that holds one; got epoch',
    ),
    Broken(
        'prefix',
        lambda t: only_prefix({'backbone.a': torch.ones(1)}, 'head.'),
        "no weight under 'head.'; there are: backbone.a",
    ),
    Broken(
        'storage',
        lambda t: CheckpointLoader.load_checkpoint('s3://bucket/a.pth'),
        's3://bucket/a.pth: this storage is not supported. Copy the file here and name its path.',
    ),
    Broken(
        'unknown torchvision name',
        lambda t: CheckpointLoader.load_checkpoint('torchvision://vgg61'),
        'torchvision://vgg61: no such weights. Did you mean vgg19, vgg16, vgg13, vgg11, vgg19_bn?',
    ),
    Broken(
        'resume from nothing',
        lambda t: launch.set_resume(Config(dict()), str(t / 'epoch_9.pth')),
        'checkpoint ~/epoch_9.pth does not exist. There is no *.pth in ~ either.',
    ),
    Broken(
        'pickle',
        lambda t: load_from_local(file(t / 'a.pkl', pickle.dumps(Evil()))),
        f'~/a.pkl is not a checkpoint that torch can read safely (Unsupported operand 149). {ANOTHER}',
    ),
]
