"""Any network of timm or mmpretrain, cut into resumable stages."""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wsolzoo.compat import without_retries
from wsolzoo.errors import UserError, nearest
from wsolzoo.models.backbones.graph import CutError, Segment, fit_segments, from_map, run_steps, segments, to_map, trace
from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

SIZES = ((1024, 768), (224, 224))
"""Images to imagine when the network does not say which size it needs; the first is the more telling."""
GIVES_MAPS = {'out_type': 'featmap', 'gap_before_final_norm': False}
"""What mmpretrain's networks must be told to end in a map."""


class GraphBackbone(StagedBackbone):
    """Base of the wrappers: the network is ``self.net``, its stages are where its data flow narrows to one map.

    A stage is named after the last submodule that runs in it (its path in the network). Token maps (N, h*w, C) and
    channels-last maps enter and leave as (N, C, h, w). Where the network carries more than one map from one step to the
    next (class tokens, several branches) there is no cut, and so no stage.
    """

    def cut_graph(
        self,
        name: str,
        method: str,
        out_stages: Sequence[str] | None,
        size: int | None,
        expand: Sequence[str] = (),
        wrap: Iterable[Callable] = (),
    ) -> None:
        """Cut ``self.net``.

        Args:
            name: of the network, for messages.
            method: of the network, from an image to its features.
            out_stages: stages to return; ``None`` for the last one.
            size: side in pixels of the images it is made for, ``None`` for any.
            expand: paths (with wildcards) of submodules to look into for finer stages.
            wrap: functions to leave as they are when the data flow is followed.

        Raises:
            ValueError: it cannot be cut; the message says why and what to do.
        """
        net = self.net
        for module in net.modules():
            if isinstance(getattr(module, 'inplace', None), bool):
                module.inplace = False  # a stage must not write into its input
        try:
            parts, joined = self._fit(method, size, expand, wrap)
        except CutError as error:
            raise ValueError(
                f'{name} cannot be cut into stages: {error}. Use another network (ResNet, ConvNeXt, EfficientNet, '
                'Swin; for a ViT, type=TimmViT or MMPretrainViT), or write it as a StagedBackbone: name its submodules '
                'in cut().'
            ) from error
        self._segments = {part.name: part for part in parts}
        paths = {part.name: tuple(dict.fromkeys(_paths(part.steps))) for part in parts}
        _prune(net, {path.removeprefix('net.') for names in paths.values() for path in names})
        try:
            self.cut(paths, out_stages)
        except ValueError as error:
            raise ValueError(f'{name}: {error}{_about_joined(joined)}') from None

    def _fit(
        self, method: str, size: int | None, expand: Sequence[str], wrap: Iterable[Callable]
    ) -> tuple[list[Segment], list[str]]:
        prefix = int(getattr(self.net, 'num_prefix_tokens', getattr(self.net, 'num_extra_tokens', 0)) or 0)
        shapes = ((size, size),) if size else SIZES
        tries = [(shape, 'meta') for shape in shapes] + [(shapes[-1], 'cpu')]
        errors = []
        for shape, device in tries:
            try:
                example = torch.zeros(2, 3, *shape, device=device)
                nodes, values = trace(self.net, method, example, expand, wrap)
                candidates = segments(nodes)
                parts = fit_segments(candidates, values, shape, prefix)
                return parts, [part.name for part in candidates if part.name not in {fit.name for fit in parts}]
            except CutError as error:
                errors.append(error)
        raise errors[-1]

    def _measure(self, size: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
        parts = [self._segments[name] for name in self.stage_names]
        return tuple(part.channels for part in parts), tuple(part.stride for part in parts)

    def run_stage(self, name: str, x: Tensor) -> Tensor:
        """Output of one stage on the output ``x`` of the stage before it."""
        segment = self._segments[name]
        values = run_steps(self, segment.steps, from_map(segment, x))
        return to_map(segment, values, x.shape[2:])


def _paths(steps: Iterable) -> list[str]:
    return [step.target for step in steps if step.op in ('call_module', 'get_attr')]


def _about_joined(names: Sequence[str]) -> str:
    if not names:
        return ''
    shown = ', '.join(names[:6]) + (', …' if len(names) > 6 else '')
    return (
        f'. There is no stage at {shown}: more than one map goes on from there, such as class tokens. '
        "type='TimmViT' and 'MMPretrainViT' cut a ViT with its class token. To build it without one: timm's "
        "class_token=False, global_pool='avg', final_norm=True, fc_norm=False (the last two keep the normalisation of "
        "the patches), mmpretrain's with_cls_token=False"
    )


def _prune(module: nn.Module, used: set[str], path: str = '') -> None:
    """Remove the submodules and own parameters that no stage uses."""
    for name, child in list(module.named_children()):
        inner = f'{path}{name}'
        if inner in used:
            continue
        if any(other.startswith(f'{inner}.') for other in used):
            _prune(child, used, f'{inner}.')
        else:
            delattr(module, name)
            if not isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
                setattr(module, name, None)
    for name, _ in list(module.named_parameters(recurse=False)):
        if f'{path}{name}' not in used:
            setattr(module, name, None)


class UnavailableError(UserError, OSError):
    """A library has no such network, or its weights cannot be had."""


def _check_name(model_name: str) -> None:
    import timm

    if ':' in model_name or timm.is_model(model_name):  # hf-hub:… and local-dir:… are places
        return
    near = nearest(model_name, timm.list_models(), cutoff=0.6)
    hint = f'did you mean {near!r}?' if near else "timm.list_models('*word*') finds names."
    raise UnavailableError(f'timm has no network {model_name!r}; {hint}')


def timm_network(model_name: str, pretrained: bool, **kwargs: Any) -> nn.Module:
    """A network of timm.

    Raises:
        UnavailableError: timm has no such network, or its weights cannot be had.
    """
    import timm

    _check_name(model_name)
    try:
        with without_retries():
            return timm.create_model(model_name, pretrained=pretrained, **kwargs)
    except OSError as error:
        raise UnavailableError(
            f"pretrained=True: the weights of timm's {model_name} are not in the cache and cannot be "
            'downloaded. Run this once where there is a network, name a file in init_cfg, or set pretrained=False.'
        ) from error


def mmpretrain_network(net: dict, **defaults: Any) -> nn.Module:
    """A backbone of mmpretrain; those of ``defaults`` that it takes hold where ``net`` says nothing else."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
        from mmpretrain.registry import MODELS as MMPRETRAIN

        known = inspect.signature(MMPRETRAIN.get(f'mmpretrain.{net["type"]}').__init__).parameters
        taken = {key: value for key, value in defaults.items() if key in known}
        return MMPRETRAIN.build({'_scope_': 'mmpretrain', **taken, **net})


@MODELS.register_module()
class TimmBackbone(GraphBackbone):
    """A network of timm, without its pooling and classifier.

    Args:
        model_name: as :func:`timm.create_model` takes it.
        pretrained: load the weights that timm lists for it (from its cache or the network).
        out_stages: names of the stages to return, or timm's positions in ``feature_info``; the last stage by default.
        expand: submodules to look into for finer stages, such as ``('stages.*',)``.
        init_cfg: weights from elsewhere; names start with ``net.`` (``dict(type='Pretrained', …)`` on a timm checkpoint
            says so).
        kwargs: for :func:`timm.create_model` (``img_size``, ``class_token``, ``pad_type``, ``output_stride`` …).
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_stages: Sequence[str | int] | None = None,
        expand: Sequence[str] = (),
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        import timm

        self.net = timm_network(model_name, pretrained, **kwargs)
        self.pretrained = pretrained
        if not hasattr(self.net, 'forward_features'):
            raise ValueError(f'{model_name} of timm has no forward_features, so its classifier cannot be told apart')
        wanted = None if out_stages is None else [self._stage_of(stage) for stage in out_stages]
        wrap = (timm.layers.resample_abs_pos_embed,)
        self.cut_graph(f'{model_name} of timm', 'forward_features', wanted, self._fixed_size(kwargs), expand, wrap)

    def _stage_of(self, stage: str | int) -> str:
        if isinstance(stage, str):
            return stage
        names = [info['module'] for info in self.net.feature_info]
        if not -len(names) <= stage < len(names):
            raise ValueError(f'timm lists features 0..{len(names) - 1} ({", ".join(names)}); got {stage}')
        return names[stage]

    def _fixed_size(self, kwargs: dict[str, Any]) -> int | None:
        if 'img_size' in kwargs:
            size = kwargs['img_size']
            return size if isinstance(size, int) else size[0]
        config = self.net.default_cfg
        return config['input_size'][-1] if config.get('fixed_input_size') else None

    def init_weights(self) -> None:
        """timm has drawn or loaded the weights; only ``init_cfg`` changes them."""
        if self.init_cfg:
            super().init_weights()


@MODELS.register_module()
class MMPretrainBackbone(GraphBackbone):
    """A backbone of mmpretrain.

    Args:
        net: config of the backbone, such as ``dict(type='ResNet', depth=50)``, with its own ``init_cfg`` for published
            weights (``dict(type='Pretrained', checkpoint='…', prefix='backbone.')``).
            A network with ``out_type`` or ``gap_before_final_norm`` gives maps unless it says otherwise.
        out_stages: names of the stages to return; the last one by default.
        expand: submodules to look into for finer stages, such as ``('stages.*',)``.
        img_size: side in pixels of the images it is made for, where it takes one size only.
        init_cfg: weights of the wrapper; names start with ``net.``.
    """

    def __init__(
        self,
        net: dict,
        out_stages: Sequence[str] | None = None,
        expand: Sequence[str] = (),
        img_size: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.net = mmpretrain_network(net, **GIVES_MAPS)
        from mmpretrain.models.utils import resize_pos_embed

        size = img_size or getattr(self.net, 'img_size', None)
        size = size if isinstance(size, int) or size is None else size[0]
        self.cut_graph(f'{net["type"]} of mmpretrain', 'forward', out_stages, size, expand, (resize_pos_embed,))
