"""Vision transformers of timm and mmpretrain, with their class tokens."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from wsolzoo.models.backbones.tokens import TokenBackbone
from wsolzoo.models.backbones.wrappers import mmpretrain_network, timm_network
from wsolzoo.registry import MODELS

UP_TO_THE_PATCHES = {'num_classes': 0, 'final_norm': True, 'fc_norm': False}
"""What timm must be told so that all patches are normalised and nothing follows."""
MMPRETRAIN_TYPES = ('VisionTransformer', 'DistilledVisionTransformer')


class WrappedViT(TokenBackbone):
    """Base of the wrappers: the transformer is ``self.net``, what it is cut into is that of :class:`TokenBackbone`."""

    patch: tuple[int, int]

    def _measure(self, size: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
        count = len(self.looked_at)
        channels = [count if name in ('attn', 'matrices') else self.dim for name in self.stage_names]
        return tuple(channels), (self.patch[0],) * len(channels)

    def refuse_size(self, x: Tensor) -> None:
        """Images that are no whole number of patches.

        Raises:
            ValueError: naming the nearest sizes.
        """
        (height, width), (ph, pw) = x.shape[2:], self.patch
        if height % ph or width % pw:
            raise ValueError(
                f'{type(self).__name__} cuts images into patches of {ph}x{pw} pixels, which {height}x{width} is no '
                f'multiple of. Resize or pad in the pipeline, for instance to {max(1, round(height / ph)) * ph}x'
                f'{max(1, round(width / pw)) * pw}; the grid need not be square.'
            )


@MODELS.register_module()
class TimmViT(WrappedViT):
    """A vision transformer of timm: ViT, DeiT with or without distillation, registers, DINOv2.

    Images of any size that is a multiple of the patch: positions are resized in each pass (bicubic, antialiased). The
    names of weights start with ``net.``.

    Args:
        model_name: as :func:`timm.create_model` takes it.
        pretrained: load the weights that timm lists for it (from its cache or the network).
        out_stages: stages and readings to return, see :class:`TokenBackbone`; the normalised patches by default.
        looked_at: blocks whose attention is read; all by default.
        freeze: nothing in it learns (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: weights from elsewhere.
        kwargs: for :func:`timm.create_model` (``img_size``, ``drop_path_rate``, ``reg_tokens`` …).

    Raises:
        UnavailableError: timm has no such network, or its weights cannot be had.
        ValueError: it is no plain vision transformer, or it drops patches.
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        out_stages: Sequence[str] | None = None,
        looked_at: Sequence[int] | None = None,
        freeze: bool = False,
        init_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        from timm.layers import PatchEmbed
        from timm.models.vision_transformer import VisionTransformer

        pool = {} if kwargs.get('class_token', True) else {'global_pool': ''}
        kwargs = {'dynamic_img_size': True, **pool, **kwargs, **UP_TO_THE_PATCHES}
        try:
            net = timm_network(model_name, pretrained, **kwargs)
        except TypeError as error:
            raise ValueError(f'{_no_vit(model_name)} ({error})') from error
        plain = isinstance(net, VisionTransformer) and isinstance(net.patch_embed, PatchEmbed)
        if not plain or net.pos_embed is None or not hasattr(net.blocks[0], 'attn'):
            raise ValueError(_no_vit(model_name))
        if getattr(net.patch_drop, 'prob', 0):
            raise ValueError('TimmViT makes maps of the patches, so none may be dropped; got patch_drop_rate > 0')
        self.net, self.pretrained = net, pretrained
        self.patch, self.class_token = tuple(net.patch_embed.patch_size), net.cls_token is not None
        stages = self.set_blocks(
            'net.blocks', len(net.blocks), 'net.norm', net.num_prefix_tokens, net.embed_dim, looked_at
        )
        net.head = torch.nn.Identity()  # with it everything after the patches is gone
        self.cut({'embed': ('net.patch_embed', 'net.norm_pre'), **stages}, out_stages)
        if freeze:
            self.hold()

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of images (N, 3, H, W), and the grid."""
        self.refuse_size(x)
        grid = (x.shape[2] // self.patch[0], x.shape[3] // self.patch[1])
        return self.net.norm_pre(self.net._pos_embed(self.net.patch_embed(x))), grid

    def init_weights(self) -> None:
        """timm has drawn or loaded the weights; only ``init_cfg`` changes them."""
        if self.init_cfg:
            super().init_weights()


def _no_vit(model_name: str) -> str:
    return (
        f'TimmViT takes vision transformers of plain patches with learned positions (vit_*, deit_*); {model_name} of '
        "timm is none. Use type='TimmBackbone', which cuts any network where it narrows to one map."
    )


@MODELS.register_module()
class MMPretrainViT(WrappedViT):
    """A ``VisionTransformer`` or ``DistilledVisionTransformer`` of mmpretrain, with its class token.

    Images of any size that is a multiple of the patch: positions are resized in each pass (bicubic). The names of
    weights start with ``net.``.

    Args:
        net: config of the backbone, such as ``dict(type='VisionTransformer', arch='deit-small')``, with its own
            ``init_cfg`` for published weights (``dict(type='Pretrained', checkpoint='…', prefix='backbone.')``).
        out_stages: stages and readings to return, see :class:`TokenBackbone`; the normalised patches by default.
        looked_at: blocks whose attention is read; all by default.
        freeze: nothing in it learns (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: weights of the wrapper.

    Raises:
        ValueError: it is no plain vision transformer.
    """

    def __init__(
        self,
        net: dict,
        out_stages: Sequence[str] | None = None,
        looked_at: Sequence[int] | None = None,
        freeze: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if net['type'] not in MMPRETRAIN_TYPES:
            raise ValueError(
                f'MMPretrainViT takes {" and ".join(MMPRETRAIN_TYPES)}; got {net["type"]}. Use '
                "type='MMPretrainBackbone', which cuts any network where it narrows to one map."
            )
        self.net = mmpretrain_network({'out_type': 'raw', **net})
        kernel = self.net.patch_embed.projection.kernel_size
        self.patch, self.class_token = (kernel[0], kernel[1]), self.net.cls_token is not None
        norm = 'net.ln1' if self.net.final_norm else ''
        prefix, dim = self.net.num_extra_tokens, self.net.embed_dims
        stages = self.set_blocks('net.layers', len(self.net.layers), norm, prefix, dim, looked_at)
        if not norm:
            del stages['norm']
        self.cut({'embed': ('net.patch_embed', 'net.pre_norm'), **stages}, out_stages)
        if freeze:
            self.hold()

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of images (N, 3, H, W), and the grid."""
        self.refuse_size(x)
        net, count = self.net, len(x)
        patches, grid = net.patch_embed(x)
        extra = [net.cls_token, getattr(net, 'dist_token', None)]
        tokens = torch.cat([*(token.expand(count, -1, -1) for token in extra if token is not None), patches], 1)
        positions = net.resize_pos_embed(
            net.pos_embed, net.patch_resolution, grid, net.interpolate_mode, net.num_extra_tokens
        )
        return net.pre_norm(net.drop_after_pos(tokens + positions)), (int(grid[0]), int(grid[1]))
