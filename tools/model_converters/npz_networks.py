"""What the arrays of each network mean, and how to run the result."""

import csv
import hashlib
import io
import json
import pprint
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from wsolzoo.registry import MODELS

StateDict = dict[str, Tensor]


@dataclass
class Recipe:
    """The parts of a ``Localizer`` config that a converted checkpoint fits.

    Attributes:
        backbone, head, data_preprocessor: config of each; ``head`` is empty where the file has no classifier.
        size: side in pixels the network was trained at.
    """

    backbone: dict[str, Any]
    head: dict[str, Any]
    data_preprocessor: dict[str, Any]
    size: int
    pair: tuple[str, str] = field(default=('', ''), repr=False)

    def config(self) -> str:
        """The config, as text."""
        parts = {'backbone': self.backbone, 'head': self.head, 'data_preprocessor': self.data_preprocessor}
        return pprint.pformat(parts, sort_dicts=False, width=110)


RGB_128 = {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [128.0] * 3, 'bgr_to_rgb': True}
BGR_CAFFE = {'type': 'ImgDataPreprocessor', 'mean': [104.0, 117.0, 123.0], 'std': [1.0] * 3, 'bgr_to_rgb': False}


def convert(npz: Path, layout: str = 'timm') -> tuple[Recipe, StateDict]:
    """Recipe and weights of one file.

    Raises:
        ValueError: the file holds no network known here.
    """
    with np.load(npz, allow_pickle=False) as arrays:
        if 'features.0.weight' in arrays:
            return _squeezenet(arrays)
        if 'graph_json' in arrays:
            return _mobilenet(arrays, layout)
        raise ValueError(f'{npz} is neither SqueezeNet 1.1 nor an 8-bit MobileNet: {", ".join(arrays.files[:5])} …')


def _squeezenet(arrays: np.lib.npyio.NpzFile) -> tuple[Recipe, StateDict]:
    state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    classes = len(state['classifier.1.bias'])
    head = {
        'type': 'ConvCAMHead', 'num_classes': classes, 'mid_channels': [], 'dropout': 0.5, 'relu': True, 'padding': 1,
    }  # fmt: skip
    renamed = {
        ('backbone.' if name.startswith('features.') else 'head.') + name: value for name, value in state.items()
    }
    return Recipe({'type': 'SqueezeNet'}, head, dict(BGR_CAFFE), 227), renamed


def _mobilenet(arrays: np.lib.npyio.NpzFile, layout: str) -> tuple[Recipe, StateDict]:
    ops = json.loads(bytes(arrays['graph_json']))['ops']
    pool = next(i for i, op in enumerate(ops) if op['op'] == 'AVERAGE_POOL_2D')
    convs = [_decode(arrays, op['params']) for op in ops[:pool] if 'params' in op]
    width = convs[0][0].shape[0] / 32
    if any(op['op'] == 'ADD' for op in ops):
        prefix, backbone = _mobilenet_v2(layout)
    else:
        prefix = 'backbone.'
        backbone = {'type': 'MobileNetV1', 'width': width, 'output_stride': 32, 'relu6': True, 'tf_padding': True}
    state = _fill(_built(backbone), convs, prefix)
    head: dict[str, Any] = {}
    for op in ops[pool:]:
        if 'params' in op:
            weight, bias = _decode(arrays, op['params'])
            state |= {'head.fc.weight': weight[1:, :, 0, 0].clone(), 'head.fc.bias': bias[1:].clone()}
            head = {'type': 'CAMHead', 'num_classes': len(bias) - 1}
    return Recipe(backbone, head, dict(RGB_128), 32 * ops[pool]['k']), state


def _mobilenet_v2(layout: str) -> tuple[str, dict[str, Any]]:
    if layout == 'timm':
        return 'backbone.net.', {'type': 'TimmBackbone', 'model_name': 'mobilenetv2_100', 'pad_type': 'same'}
    return 'backbone.net.', {'type': 'MMPretrainBackbone', 'net': {'type': 'MobileNetV2'}}


def _decode(arrays: np.lib.npyio.NpzFile, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of one layer, in real numbers: ``(q - zero_point) * scale``."""
    quantised, zero = arrays[f'{name}.weight_q'].astype(np.float64), float(arrays[f'{name}.zero_point'])
    weight = (quantised - zero) * float(arrays[f'{name}.scale'])
    return torch.from_numpy(weight.astype(np.float32)), torch.from_numpy(arrays[f'{name}.bias'])


def _built(backbone: dict[str, Any]) -> nn.Module:
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        return MODELS.build(dict(backbone))


def _fill(net: nn.Module, convs: list[tuple[Tensor, Tensor]], prefix: str) -> StateDict:
    """Give the n-th convolution of ``net`` the n-th weight, and the batch norm after it the bias."""
    net = net.net if prefix.endswith('net.') else net
    named = list(net.named_modules())
    targets = [(name, module) for name, module in named if isinstance(module, nn.Conv2d)]
    norms = [(name, module) for name, module in named if isinstance(module, nn.BatchNorm2d)]
    if len(targets) != len(convs) or len(norms) != len(convs):
        raise ValueError(f'{len(convs)} layers in the file, {len(targets)} convolutions, {len(norms)} norms in the net')
    state = {}
    for (conv_name, conv), (norm_name, norm), (weight, bias) in zip(targets, norms, convs, strict=True):
        if conv.weight.shape != weight.shape:
            raise ValueError(f'{conv_name} is {tuple(conv.weight.shape)}, the layer in the file {tuple(weight.shape)}')
        state[f'{prefix}{conv_name}.weight'] = weight
        unit = torch.ones_like(bias)
        state |= {
            f'{prefix}{norm_name}.weight': unit * (1 + norm.eps) ** 0.5,
            f'{prefix}{norm_name}.bias': bias.clone(),
            f'{prefix}{norm_name}.running_mean': torch.zeros_like(bias),
            f'{prefix}{norm_name}.running_var': unit.clone(),
            f'{prefix}{norm_name}.num_batches_tracked': torch.zeros((), dtype=torch.long),
        }
    return state


def build(recipe: Recipe, state_dict: StateDict) -> nn.Module:
    """The localizer of a recipe with its weights, in evaluation mode."""
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        head = recipe.head or {'type': 'CAMHead', 'num_classes': 1}
        model = MODELS.build(
            {
                'type': 'Localizer',
                'backbone': dict(recipe.backbone),
                'head': dict(head),
                'data_preprocessor': dict(recipe.data_preprocessor),
            }  # fmt: skip
        )
    model.load_state_dict(state_dict, strict=bool(recipe.head))
    model.eval()
    return model


def _batches(recipe: Recipe, model: nn.Module, paths: list[Path], batch: int = 50) -> Iterator[Tensor]:
    for start in range(0, len(paths), batch):
        images = [cv2.imread(str(path)) for path in paths[start : start + batch]]
        images = [cv2.resize(img, (recipe.size, recipe.size)) if img.shape[0] != recipe.size else img for img in images]
        inputs = [torch.from_numpy(img).permute(2, 0, 1) for img in images]
        yield model.data_preprocessor({'inputs': inputs, 'data_samples': None})['inputs']


@torch.no_grad()
def accuracy(recipe: Recipe, model: nn.Module, folder: Path, limit: int | None = None) -> tuple[float, float, int]:
    """Top-1 and top-5 accuracy in [0, 1] on the (first) labelled pictures of a folder, and how many they are."""
    with open(folder / 'ANNOTATIONS.csv') as file:
        labels = {row['file']: int(row['class']) for row in csv.DictReader(file)}
    labels = dict(list(labels.items())[:limit])
    truth = torch.tensor(list(labels.values()))
    logits = torch.cat(
        [model(inputs, mode='tensor').logits for inputs in _batches(recipe, model, [folder / name for name in labels])]
    )
    hits = logits.topk(5, dim=1).indices == truth[:, None]
    return hits[:, 0].float().mean().item(), hits.any(1).float().mean().item(), len(labels)


@torch.no_grad()
def calibrate(recipe: Recipe, state_dict: StateDict, folder: Path, count: int = 200) -> StateDict:
    """Give every batch norm the statistics that its input has on pictures; what the network computes stays the same.

    With mean m and variance v of the convolution's output, ``weight = sqrt(v + eps)`` and ``bias += m`` undo the
    normalisation exactly.
    """
    model = build(recipe, state_dict)
    norms = {name: module for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    sums: dict[str, list[Tensor]] = {}

    def collect(name: str):
        def hook(_module, inputs) -> None:
            x = inputs[0].double()
            moments = torch.stack([torch.full(x.shape[1:2], x[:, 0].numel()), x.sum((0, 2, 3)), (x**2).sum((0, 2, 3))])
            sums[name] = sums.get(name, 0) + moments

        return hook

    handles = [module.register_forward_pre_hook(collect(name)) for name, module in norms.items()]
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    if not paths:
        raise ValueError(f'no pictures (.jpg, .jpeg, .png) in {folder}')
    for inputs in _batches(recipe, model, paths[:: max(1, len(paths) // count)]):
        model(inputs, mode='tensor')
    for handle in handles:
        handle.remove()
    new = dict(state_dict)
    for name, norm in norms.items():
        pixels, total, squares = sums[name]
        mean, var = total / pixels, (squares / pixels - (total / pixels) ** 2).clamp_min(1e-6)
        new[f'{name}.running_mean'], new[f'{name}.running_var'] = mean.float(), var.float()
        new[f'{name}.weight'] = (var.float() + norm.eps).sqrt()
        new[f'{name}.bias'] = state_dict[f'{name}.bias'] + mean.float()
    return new


def save(state_dict: StateDict, folder: Path, name: str) -> Path:
    """Write ``{name}-{sha8}.pth``; the same weights give the same file."""
    buffer = io.BytesIO()
    torch.save(state_dict, buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{name}-{digest}.pth'
    path.write_bytes(buffer.getvalue())
    return path
