"""VGG19 whose five taps lie before the pools."""

from torch import nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

TAPS = ('conv1_2', 'conv2_2', 'conv3_4', 'conv4_4', 'conv5_4')


@MODELS.register_module()
class VGG19(StagedBackbone):
    """torchvision's ``vgg19`` convolutions, one stage per convolution with its ReLU, no pool5.

    State-dict keys are torchvision's ``features.*``, those of ``vgg19_bn`` where ``norm`` is on.

    Args:
        width: multiplies all channels; 1 for published weights.
        norm: batch normalisation between each convolution and its ReLU [D]: from random weights the features have a
            bound only so.
        padding: border of the convolutions: ``replicate`` (the blur estimation network) or ``zeros`` (as trained).
        out_stages: default: the five taps of the blur estimation network.
        frozen: no gradients, always in evaluation mode.
        init_cfg: for published weights ``dict(type='Pretrained', checkpoint='torchvision://vgg19')``.
    """

    def __init__(
        self,
        width: float = 1.0,
        norm: bool = False,
        padding: str = 'replicate',
        out_stages: tuple[str, ...] = TAPS,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        from torchvision.models.vgg import cfgs, make_layers

        plan = [entry if entry == 'M' else max(1, round(int(entry) * width)) for entry in cfgs['E']]
        self.features = make_layers(plan[:-1], batch_norm=norm)
        stages, block, number, parts = {}, 1, 1, []
        for index, layer in enumerate(self.features):
            parts.append(f'features.{index}')
            if isinstance(layer, nn.Conv2d):
                layer.padding_mode = padding
                nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
                nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.ReLU):
                stages[f'conv{block}_{number}'] = tuple(parts)
                number, parts = number + 1, []
            elif isinstance(layer, nn.MaxPool2d):
                stages[f'pool{block}'] = tuple(parts)
                block, number, parts = block + 1, 1, []
        self.cut(stages, out_stages)
        self.frozen = frozen
        if frozen:
            self.requires_grad_(False)

    def train(self, mode: bool = True) -> 'VGG19':
        """A frozen network stays in evaluation mode."""
        return super().train(mode and not self.frozen)
