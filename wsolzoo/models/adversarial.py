"""What two players learn from: one tells real from made, the other makes. High scores (logits) say real."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from wsolzoo.registry import MODELS


class AdversarialLoss(nn.Module):
    """Base: two scalars from scores of any shape, computed in single precision."""

    def critic(self, real: Tensor, made: Tensor) -> Tensor:
        """What the one who tells them apart learns from: mean over the scores of ``real`` and of ``made``."""
        raise NotImplementedError

    def generator(self, made: Tensor) -> Tensor:
        """What the one who makes learns from: mean over the scores of ``made``."""
        raise NotImplementedError

    def misfit(self, critic: nn.Module) -> str | None:
        """Why ``critic`` cannot learn from this loss, or ``None``; asked when a model is built."""
        return None

    def penalty(self, score: Callable[[Tensor], Tensor], real: Tensor, made: Tensor) -> Tensor | None:
        """A further term for the one who tells them apart, or ``None``.

        Args:
            score: pictures (or features) to scores.
            real, made: (N, …) what was scored, detached.
        """
        return None


@MODELS.register_module()
class NonSaturatingLoss(AdversarialLoss):
    """Cross-entropy; who makes maximises log D instead of minimising log(1 - D).

    ``mean softplus(-D(x)) + mean softplus(D(G(z)))`` and ``mean softplus(-D(G(z)))``: 2 ln 2 and ln 2 where all scores
    are 0. Goodfellow et al., *Generative Adversarial Nets*, NeurIPS 2014, section 3.
    """

    def critic(self, real: Tensor, made: Tensor) -> Tensor:
        """In [0, inf)."""
        return F.softplus(-real.float()).mean() + F.softplus(made.float()).mean()

    def generator(self, made: Tensor) -> Tensor:
        """In [0, inf)."""
        return F.softplus(-made.float()).mean()


@MODELS.register_module()
class LeastSquaresLoss(AdversarialLoss):
    """Half the squared distance to 1 (real) and 0 (made): Mao et al., *Least Squares GANs*, ICCV 2017, equation 9."""

    def critic(self, real: Tensor, made: Tensor) -> Tensor:
        """In [0, inf)."""
        return ((real.float() - 1).square().mean() + made.float().square().mean()) / 2

    def generator(self, made: Tensor) -> Tensor:
        """In [0, inf)."""
        return (made.float() - 1).square().mean() / 2


@MODELS.register_module()
class HingeLoss(AdversarialLoss):
    """``mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))`` and ``-mean D(G(z))``.

    Lim and Ye, *Geometric GAN*, 2017; Miyato et al., ICLR 2018.
    """

    def critic(self, real: Tensor, made: Tensor) -> Tensor:
        """In [0, inf)."""
        return F.relu(1 - real.float()).mean() + F.relu(1 + made.float()).mean()

    def generator(self, made: Tensor) -> Tensor:
        """Any number."""
        return -made.float().mean()


@MODELS.register_module()
class WassersteinLoss(AdversarialLoss):
    """``mean D(G(z)) - mean D(x)`` and ``-mean D(G(z))``, with a penalty on the slope of D.

    Gulrajani et al., *Improved Training of Wasserstein GANs*, NeurIPS 2017, equation 3. D must not have batch
    normalisation: the penalty is on each picture's own slope.

    Args:
        gradient_penalty: weight of the penalty; 0 for none.
    """

    def __init__(self, gradient_penalty: float = 10.0) -> None:
        super().__init__()
        self.gradient_penalty = gradient_penalty

    def critic(self, real: Tensor, made: Tensor) -> Tensor:
        """Any number."""
        return made.float().mean() - real.float().mean()

    def generator(self, made: Tensor) -> Tensor:
        """Any number."""
        return -made.float().mean()

    def misfit(self, critic: nn.Module) -> str | None:
        """Batch normalisation, where there is a penalty."""
        if not self.gradient_penalty or not any(isinstance(module, _BatchNorm) for module in critic.modules()):
            return None
        return "the penalty is on each picture's own slope, but batch normalisation mixes pictures"

    def penalty(self, score: Callable[[Tensor], Tensor], real: Tensor, made: Tensor) -> Tensor | None:
        """``gradient_penalty`` times :func:`slope_error`."""
        return self.gradient_penalty * slope_error(score, real, made) if self.gradient_penalty else None


def slope_error(score: Callable[[Tensor], Tensor], real: Tensor, made: Tensor) -> Tensor:
    """``mean (|grad_x D(x)| - 1)^2`` at points drawn between real and made, each on a line of its own.

    Computed in single precision, also under autocast: gradients of half precision have too few digits to be squared.

    Args:
        score: (N, …) to scores of any shape; an element's scores depend on that element alone.
        real, made: (N, …).
    """
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    with torch.autocast(real.device.type, enabled=False), torch.enable_grad():
        points = torch.lerp(made.detach().float(), real.detach().float(), share).requires_grad_()
        (slope,) = torch.autograd.grad(score(points).sum(), points, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()
