"""Maps read from a trained network after the fact, at any stage: Grad-CAM and its relatives, and CAM + component.

The rules are those of the library grad-cam (Gildenblat et al., MIT licence; ``pip install 'wsolzoo[posthoc]'``):
Grad-CAM (Selvaraju et al., ICCV 2017), Grad-CAM++ (Chattopadhay et al., WACV 2018), XGrad-CAM (Fu et al., BMVC 2020),
LayerCAM (Jiang et al., TIP 2021), Eigen-CAM (Muhammad and Yeasin, IJCNN 2020), Score-CAM (Wang et al., CVPRW 2020) and
Ablation-CAM (Desai and Ramaswamy, WACV 2020). What is ours is the passage through the network, which keeps a graph only
above the stage and no gradient of any weight, and the principal component.
"""

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.errors import UserError, meant
from wsolzoo.models.outputs import ClassMaps, HeadOutput, SharedMap
from wsolzoo.models.scaling import minmax
from wsolzoo.models.tasks.localizer import Localizer
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

GRADIENT = {'gradcam': 'GradCAM', 'gradcam++': 'GradCAMPlusPlus', 'xgradcam': 'XGradCAM', 'layercam': 'LayerCAM'}
FORWARD = {'scorecam': 'ScoreCAM', 'ablationcam': 'AblationCAM'}
LIBRARY = GRADIENT | FORWARD | {'eigencam': 'EigenCAM'}
OWN = ('component', 'cam+component')
METHODS = ('cam', *LIBRARY, *OWN)
"""Every rule by its name in a config: ``'cam'`` is the head's own map, :data:`LIBRARY` are classes of grad-cam."""


class NoGradCamError(UserError, ImportError):
    """The library that has the rule is not installed."""


def library() -> ModuleType:
    """The library grad-cam, imported when it is needed (some seconds).

    Raises:
        NoGradCamError: it is not installed.
    """
    if find_spec('pytorch_grad_cam') is None:
        raise NoGradCamError("the rules of post-hoc maps are the library grad-cam's: pip install 'wsolzoo[posthoc]'")
    import pytorch_grad_cam

    return pytorch_grad_cam


def first_component(feat: Tensor) -> Tensor:
    """Projection of every position's feature, less their mean, on the direction in which they differ most.

    ``p = (X - mean X) v1`` with X (hw, C) and v1 its first right singular vector after centring: Eigen-CAM's map. The
    sign is arbitrary; here the entry of the largest size is positive. Computed in float64 from the smaller one of the
    matrices ``X X^T`` and ``X^T X``.

    Args:
        feat: (N, C, h, w).

    Returns:
        (N, h, w) float32; 0 where all positions are alike.
    """
    x = feat.flatten(2).transpose(1, 2).double()
    x = x - x.mean(1, keepdim=True)
    if x.shape[1] <= x.shape[2]:
        values, vectors = torch.linalg.eigh(x @ x.mT)
        p = vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()
    else:
        p = (x @ torch.linalg.eigh(x.mT @ x).eigenvectors[..., -1:])[..., 0]
    largest = p.gather(1, p.abs().argmax(1, keepdim=True))
    return torch.where(largest < 0, -p, p).reshape(len(feat), *feat.shape[2:]).float()


def oriented(maps: Tensor, by: Tensor) -> Tensor:
    """``maps`` (N, h, w) with the sign that makes each correlate with ``by`` (N, h, w), 0 counting as positive."""
    centred = by - by.mean((1, 2), keepdim=True)
    return torch.where((maps * centred).sum((1, 2), keepdim=True) < 0, -maps, maps)


def cam_with_component(cam: Tensor, feat: Tensor) -> Tensor:
    """CAM plus the first principal component of the features, each stretched to [0, 1].

    ``minmax(CAM) + minmax(s p)``, p as in :func:`first_component` and the sign s such that p correlates with CAM: the
    class map says which object, the component how far it reaches. The formula is ours.

    Args:
        cam: (N, h, w) raw map of each image's class.
        feat: (N, C, h', w') of any stage; the coarser of the two maps is resized to the finer one (bilinear).

    Returns:
        (N, max(h, h'), max(w, w')) in [0, 2].
    """
    cam, component = same_size(cam.float(), first_component(feat))
    return minmax(cam) + minmax(oriented(component, cam))


def same_size(*maps: Tensor) -> list[Tensor]:
    """Maps (N, h_i, w_i), all resized to the largest height and width (bilinear)."""
    size = tuple(max(one.shape[axis] for one in maps) for axis in (1, 2))
    return [one if one.shape[1:] == size else F.interpolate(one[:, None], size, mode='bilinear')[:, 0] for one in maps]


class ScoresOfImages(nn.Module):
    """Images in, class scores out: the classifier alone."""

    def __init__(self, model: Localizer) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, K)."""
        feats, passage = self.model.extract_feat(images)
        return self.model.head(feats, trunk=passage).logits


class ScoresOfFeatures(nn.Module):
    """Changed outputs of one stage in, class scores out: the network above the stage, for one image.

    Args:
        model: the localizer.
        stage: name of the stage.
        passage: of the batch that the image is in.
        image: its position in the batch.
        feats: of the batch, of all out stages.
    """

    def __init__(self, model: Localizer, stage: str, passage: TrunkPass, image: int, feats: Sequence[Tensor]) -> None:
        super().__init__()
        self.tap = nn.Identity()
        self.model, self.stage, self.passage, self.image = model, stage, passage, image
        index = model.backbone.stage_index(stage)
        self.below = [
            feat[image : image + 1]
            for name, feat in zip(model.backbone.out_stages, feats, strict=True)
            if model.backbone.stage_index(name) < index
        ]

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K) of the outputs ``x`` (N, C, h, w) of the stage."""
        x, backbone, count = self.tap(x), self.model.backbone, len(x)
        images = torch.full((count,), self.image, device=x.device)
        carried = {index: side.take(images) for index, side in self.passage.carried.items()}
        passage = TrunkPass(self.model.trunk, self.passage.inputs[images], carried=carried)
        own = (x,) if self.stage in backbone.out_stages else ()
        above = passage.resume(x, after=self.stage) if self.stage != backbone.stage_names[-1] else ()
        below = (feat.expand(count, -1, -1, -1) for feat in self.below)
        return self.model.head((*below, *own, *above), trunk=passage).logits


@dataclass
class PostHocMaps:
    """Maps by one rule at one stage, for the classes that are asked for (:class:`~wsolzoo.models.outputs.ClassMaps`).

    Attributes:
        model: the localizer, whose method, stage, ReLU and batch size hold.
        passage: of the images (N, 3, H, W).
        feat: (N, C, h, w) output of the stage; the graph from it to the logits is kept.
        feats: the features that the head read.
        output: what the head made of them.
    """

    model: 'PostHocCAM'
    passage: TrunkPass
    feat: Tensor
    feats: tuple[Tensor, ...]
    output: HeadOutput

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        maps = torch.stack([self.one(column) for column in classes.T], 1)
        return maps.clamp(min=0) if self.model.relu and self.model.method in LIBRARY else maps

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes, one after another."""
        count, classes = self.output.logits.shape
        return self.of(torch.arange(classes, device=self.feat.device).expand(count, -1))

    def one(self, labels: Tensor) -> Tensor:
        """Maps (N, h, w) of a class an image, ``labels`` (N,)."""
        method, feat = self.model.method, self.feat.detach()
        if method in OWN:
            cam = self.output.maps_of(labels[:, None])[:, 0].detach().float()
            if method == 'cam+component':
                return cam_with_component(cam, feat)
            return oriented(*same_size(first_component(feat), cam))
        if method in FORWARD:
            return torch.cat([self._by_forward_passes(index, label) for index, label in enumerate(labels.tolist())])
        grads = None
        if method in GRADIENT:
            logits = self.output.logits
            asked = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
            grads = torch.autograd.grad(logits, self.feat, asked, retain_graph=True)[0]
        rule = getattr(library(), LIBRARY[method])(self.model, target_layers=[])
        return self._tensor(rule.get_cam_image(None, None, None, _array(feat), _array(grads), False))

    @torch.no_grad()
    def _by_forward_passes(self, index: int, label: int) -> Tensor:
        from pytorch_grad_cam.ablation_layer import AblationLayer
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        image, feat = self.passage.inputs[index : index + 1], self.feat[index : index + 1].detach()
        targets, cams, count = [ClassifierOutputTarget(label)], library(), self.model.batch_size
        if self.model.method == 'scorecam':
            rule, x, layer = cams.ScoreCAM(ScoresOfImages(self.model), target_layers=[]), image, None
            rule.batch_size = count
        else:
            above = ScoresOfFeatures(self.model, self.model.stage, self.passage, index, self.feats)
            rule = cams.AblationCAM(above, [], ablation_layer=AblationLayer(), batch_size=count)
            x, layer = feat, above.tap
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar for every image
            found = rule.get_cam_image(x, layer, targets, _array(feat), None, False)
        return self._tensor(found)

    def _tensor(self, found: np.ndarray) -> Tensor:
        return torch.from_numpy(np.asarray(found, np.float32)).to(self.feat.device)


def _array(x: Tensor | None) -> np.ndarray | None:
    return None if x is None else x.float().cpu().numpy()


@MODELS.register_module()
class PostHocCAM(Localizer):
    """A trained localizer whose predicted maps are made by a post-hoc rule instead of by its head.

    It trains, and names its weights, as the localizer that it is otherwise: ``model=dict(type='PostHocCAM',
    method='layercam', stage='stage3')`` on top of any config reads that config's checkpoints.

    The rules run on the network above the stage alone, on detached features: no weight gets a gradient, no hook is
    left, and Ablation-CAM does not repeat what lies below. Score-CAM runs the classifier once for every channel of the
    stage and every image, Ablation-CAM the network above it.

    Args:
        *args: of :class:`~wsolzoo.models.tasks.Localizer`.
        method: one of :data:`METHODS`; ``'cam'`` is the head's own map, ``'component'`` the first component of
            the stage's features with the sign that goes with the head's map; ``'cam+component'``:
            :func:`cam_with_component`.
        stage: of the backbone, the last one by default. After an attention neck where one stands there.
        batch_size: changed images that Score-CAM and Ablation-CAM run at once.
        relu: end the library's rules with a ReLU, as it does. Nothing else of its ending (stretching to [0, 1],
            resizing) is done here: that belongs to the protocol.
        **localizer: further arguments of :class:`~wsolzoo.models.tasks.Localizer`.

    Raises:
        ValueError: no such method or stage, or no positive batch size.
        NoGradCamError: the method is the library's, which is not installed.
    """

    def __init__(
        self,
        *args: Any,
        method: str = 'gradcam',
        stage: str | None = None,
        batch_size: int = 16,
        relu: bool = True,
        **localizer: Any,
    ) -> None:
        super().__init__(*args, **localizer)
        if method not in METHODS:
            raise ValueError(f'PostHocCAM has no method {method!r}; {meant(method, METHODS)}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1; got {batch_size}')
        if method in LIBRARY and find_spec('pytorch_grad_cam') is None:
            library()
        names = self.backbone.stage_names
        self.method, self.batch_size, self.relu = method, batch_size, relu
        self.stage = names[self.backbone.stage_index(stage or names[-1])]
        if method == 'cam' and self.stage != names[-1]:
            raise ValueError(
                f"the head's own map (method='cam') is read at the last stage, {names[-1]!r}; got {stage!r}"
            )

    def look(self, inputs: Tensor, labels: Tensor | None = None, samples: Sequence[DataSample] = ()) -> HeadOutput:
        """Class scores of the head; maps of the rule, for the classes that are asked for.

        Raises:
            RuntimeError: in training mode, where images of a batch share statistics.
        """
        if self.training:
            raise RuntimeError('post-hoc maps are those of a trained network: call model.eval() first')
        if self.method == 'cam':
            return super().look(inputs, labels, samples)
        passage = TrunkPass(self.trunk, inputs, samples)
        seen: list[Tensor] = []
        after: dict[int, Callable] = dict(passage.trunk.between())
        tapped = self.backbone.stage_index(self.stage)
        after[tapped] = partial(_tap, seen, after.get(tapped))
        with torch.no_grad():
            feats, attentions = self.backbone(inputs, after=after, carried=passage.carried)
        passage.attentions.extend(attentions)
        with torch.enable_grad():
            output = self.head(feats, labels, passage)
        maps: ClassMaps = PostHocMaps(self, passage, seen[0], feats, output)
        if self.method == 'eigencam':
            maps = SharedMap(maps.of(output.logits.new_zeros(len(inputs), 1, dtype=torch.int64)), self.head.num_classes)
        return HeadOutput(output.logits.detach(), maps)


def _tap(seen: list[Tensor], neck: nn.Module | None, x: Tensor) -> tuple[Tensor, Any]:
    """Keep the output of a stage; from here on, until the passage ends, there is a graph."""
    x, attention = (x, None) if neck is None else neck(x)
    x = x.detach().requires_grad_()
    seen.append(x)
    torch.set_grad_enabled(True)
    return x, attention
