"""NumPy weights become checkpoints that compute the same."""

import hashlib
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests import tiny_run
from wsolzoo.engine.weights.checkpoint import load_weights
from wsolzoo.models.backbones import MobileNetV1


@pytest.fixture(scope='module')
def networks(repo):
    sys.path.insert(0, str(repo / 'tools' / 'model_converters'))
    import npz_networks

    yield npz_networks
    sys.path.pop(0)


def quantised_mobilenet(path, width=0.125, classes=5):
    """An 8-bit MobileNetV1 in the file's format, and what its arithmetic says about an image."""
    rng = np.random.default_rng(0)
    arrays, ops, layers = {}, [], []
    channels = int(32 * width)
    plan = [(channels, 2, True)]
    for planes, stride in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *[(512, 1)] * 5,
        (1024, 2),
        (1024, 1),
    ):
        plan += [(None, stride, False), (int(planes * width), 1, True)]
    inputs = 3
    for number, (planes, stride, dense) in enumerate(plan):
        shape = (planes, inputs, 3 if number == 0 else 1, 3 if number == 0 else 1) if dense else (inputs, 1, 3, 3)
        name = f'L{number:02d}'
        scale = 0.9 / np.prod(shape[1:]) ** 0.5 / 64
        layer = {
            'weight_q': rng.integers(0, 256, shape, np.uint8),
            'scale': np.float32(scale),
            'zero_point': np.int32(120),
            'bias': rng.normal(0.3, 0.1, shape[0]).astype(np.float32),
        }
        arrays |= {f'{name}.{key}': value for key, value in layer.items()}
        ops.append({'op': 'CONV_2D' if dense else 'DEPTHWISE_CONV_2D', 's': stride, 'pad': 0, 'act': 3, 'params': name})
        weight = torch.from_numpy((layer['weight_q'].astype(np.float32) - 120) * layer['scale'])
        layers.append((weight, torch.from_numpy(layer['bias']), stride, 1 if dense else inputs))
        inputs = planes or inputs
    ops.append({'op': 'AVERAGE_POOL_2D', 'k': 2, 's': 2, 'pad': 1})
    head = {
        'weight_q': rng.integers(0, 256, (classes + 1, inputs, 1, 1), np.uint8),
        'scale': np.float32(0.01), 'zero_point': np.int32(100),
        'bias': rng.normal(0, 1, classes + 1).astype(np.float32),
    }  # fmt: skip
    arrays |= {f'L99.{key}': value for key, value in head.items()}
    ops.append({'op': 'CONV_2D', 's': 1, 'pad': 0, 'act': 0, 'params': 'L99'})
    graph = json.dumps({'ops': ops}).encode()
    np.savez(path, graph_json=np.frombuffer(graph, np.uint8), **arrays)
    head_weight = torch.from_numpy((head['weight_q'].astype(np.float32) - 100) * head['scale'])

    def reference(x):
        for weight, bias, stride, groups in layers:
            if weight.shape[-1] == 3:
                x = F.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
            x = F.conv2d(x, weight, bias, stride, groups=groups).clamp(0, 6)
        return x, (head_weight[:, :, 0, 0] @ x.mean((2, 3))[0] + torch.from_numpy(head['bias']))[1:]

    return reference


def test_an_8_bit_mobilenet_computes_what_its_layers_say(tmp_path, networks):
    reference = quantised_mobilenet(tmp_path / 'net.npz')
    recipe, state = networks.convert(tmp_path / 'net.npz')
    assert recipe.size == 64
    assert recipe.backbone == {
        'type': 'MobileNetV1', 'width': 0.125, 'output_stride': 32, 'relu6': True, 'tf_padding': True,
    }  # fmt: skip
    model = networks.build(recipe, state)
    image = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)
    inputs = model.data_preprocessor({'inputs': [image], 'data_samples': None})['inputs']
    assert torch.allclose(inputs[0], (image.flip(0).float() - 128) / 128)
    feat, logits = reference(inputs)
    with torch.no_grad():
        output = model(inputs, mode='tensor')
        assert torch.allclose(model.backbone(inputs)[0][-1], feat, atol=1e-4)
    assert torch.allclose(output.logits[0], logits, atol=1e-3)


def test_calibrated_norms_compute_the_same_and_survive_training_mode(tmp_path, networks):
    quantised_mobilenet(tmp_path / 'net.npz')
    folder = tmp_path / 'pictures'
    folder.mkdir()
    rng = np.random.default_rng(1)
    for i in range(12):
        cv2.imwrite(str(folder / f'{i}.png'), cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (64, 64)))
    recipe, state = networks.convert(tmp_path / 'net.npz')
    calibrated = networks.calibrate(recipe, state, folder)
    plain, better = networks.build(recipe, state), networks.build(recipe, calibrated)
    x = next(networks._batches(recipe, plain, sorted(folder.iterdir())))
    with torch.no_grad():
        expected = plain.backbone(x)[0][-1]
        assert torch.allclose(better.backbone(x)[0][-1], expected, atol=1e-3)
        plain.train(), better.train()
        assert torch.allclose(better.backbone(x)[0][-1], expected, atol=1e-2)
        assert not torch.allclose(plain.backbone(x)[0][-1], expected, atol=0.5)


def test_the_command_writes_a_named_checkpoint_that_loads(tmp_path, networks, monkeypatch, capsys):
    quantised_mobilenet(tmp_path / 'net.npz')
    monkeypatch.setattr(sys, 'argv', ['convert_npz.py', str(tmp_path / 'net.npz'), str(tmp_path / 'out')])
    tiny_run.tool('model_converters/convert_npz.py').main()
    (path,) = (tmp_path / 'out').glob('net-*.pth')
    assert path.stem == 'net-' + hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert "'type': 'MobileNetV1'" in capsys.readouterr().out
    backbone = MobileNetV1(width=0.125, output_stride=32)
    assert not load_weights(backbone, str(path), prefix='backbone.')


def test_other_files_are_refused(tmp_path, networks):
    np.savez(tmp_path / 'other.npz', a=np.ones(1))
    with pytest.raises(ValueError, match='neither'):
        networks.convert(tmp_path / 'other.npz')


def test_help_does_not_import_torch(repo):
    code = (
        'import runpy, sys; sys.argv = ["x", "--help"]\n'
        'try: runpy.run_path("tools/model_converters/convert_npz.py", run_name="__main__")\n'
        'except SystemExit: pass\n'
        'assert not {"torch", "numpy", "cv2"} & set(sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=repo, env=_environment(repo), capture_output=True)


def _environment(repo):
    import os

    return {**os.environ, 'PYTHONPATH': str(repo)}


@pytest.mark.data
def test_squeezenet_recognises_real_images(data_dir, networks):
    """All 1,300 images give top-1 0.728 and top-5 0.909 (``--check``); a wrong channel order or mean gives far less."""
    recipe, state = networks.convert(data_dir / 'weights' / 'squeezenet1_1_imagenet_fp16.npz')
    top1, top5, count = networks.accuracy(recipe, networks.build(recipe, state), data_dir / 'ilsvrc-val1300', limit=40)
    assert count == 40
    assert top1 > 0.6
    assert top5 > 0.85
