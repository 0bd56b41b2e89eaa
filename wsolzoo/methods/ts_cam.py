"""TS-CAM: Gao, Wan, Pan, Peng, Tian, Han, Zhou, Ye. Token Semantic Coupled Attention Map for WSOL. ICCV 2021.

The class token of a transformer attends to the whole object but knows no class of its patches; a convolution on the
patches knows the class but its parts only. The map is their product:

``A = sum over blocks of mean over heads of softmax(Q K^T / sqrt d) [class token, patches]``, ``S = conv3x3(patches)``,
``L = CE(mean S, y)``, ``M_k = A * S_k``.

A is neither normalised nor rectified, nor is S: where the class is denied, much attention makes the map more negative.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import MaskHead, top1
from wsolzoo.models.outputs import CoupledMaps, HeadOutput
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


@MODELS.register_module()
class TSCAMHead(MaskHead):
    """Class scores from the patches; the map of a class is its score map times the attention of the class token.

    The backbone returns what the class token attends to, and the patches: ``out_stages=('attn', 'norm')`` of a
    transformer. Attention learns through the tokens alone; the map is detached.

    A transformer trained on ImageNet has a class token that looks at objects. One that begins from random weights has
    none, since nothing here reads that token: with ``out_stages=('attn', 'cls', 'norm')`` a linear classifier on it is
    trained besides, ``loss = loss_cls + loss_weight loss_token`` (ours; no published score has it).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        loss_weight: of the class token's cross-entropy, where the backbone returns that token.
        init_cfg: torch's own initialisation by default, as in the published code.

    Raises:
        ValueError: another number of features than two or three.
    """

    def __init__(
        self, num_classes: int, in_channels: tuple[int, ...], loss_weight: float = 1.0, init_cfg: dict | None = None
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        if len(self.in_channels) not in (2, 3):
            raise ValueError(
                "TSCAMHead reads attention and patches, backbone.out_stages=('attn', 'norm'), and the class token "
                f"where that is classified too, ('attn', 'cls', 'norm'); got {len(self.in_channels)} features"
            )
        self.score = nn.Conv2d(self.in_channels[-1], num_classes, 3, padding=1)
        self.reads = ('attn', 'cls')[: len(self.in_channels) - 1]
        self.token = nn.Linear(self.in_channels[1], num_classes) if len(self.in_channels) == 3 else None
        self.loss_weight = loss_weight

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K), and maps by class; ``extras`` holds ``token`` (N, K), where the class token is classified."""
        scores = self.score(feats[-1])
        attention = feats[0].sum(1, keepdim=True)
        extras = {} if self.token is None else {'token': self.token(feats[1].flatten(1))}
        return HeadOutput(scores.mean((2, 3)), CoupledMaps(scores.detach(), attention.detach()), extras)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        output, scalars = super().loss(feats, labels, trunk)
        if self.token is not None:
            token = output.extras['token']
            scalars['loss_token'] = self.loss_weight * F.cross_entropy(token, labels)
            scalars['top1_token'] = top1(token, labels)
        return output, scalars
