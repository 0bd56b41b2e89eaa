"""F-CAM: Belharbi, Sarraf, Pedersoli, Ben Ayed, McCaffrey, Granger. Full Resolution Class Activation Maps. WACV 2022.

A decoder on a trained classifier learns a map at full resolution from very little: at every step one pixel of the
classifier's own map that is surely object and one that is surely background, drawn anew; the colours of the image carry
them on, and a barrier keeps both parts from vanishing.

The published regulariser is a dense CRF by a compiled extension; here it is its colour term within a small window.
"""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from wsolzoo.models.heads.seeded import SeededHead
from wsolzoo.models.seeds import SeedSampler
from wsolzoo.registry import HOOKS, MODELS


@MODELS.register_module()
class FCAMHead(SeededHead):
    """Object seeds are uniform in Otsu's foreground, worn away by 11 x 11; background seeds in the lowest tenth.

    One of each an image, grown to 3 x 3 pixels. In the paper the weights are seeds 1, size 0.1, and 2e-9 for the CRF,
    whose sum over all pairs is of another scale than our mean. The arguments are those of :class:`SeededHead`.
    """

    sampler = SeedSampler()


@HOOKS.register_module()
class BarrierHook(Hook):
    """Sharpens the barrier of the size term epoch by epoch: ``t = min(rate^epoch, most)``.

    Args:
        rate: growth an epoch.
        most: the largest t.
    """

    def __init__(self, rate: float = 1.01, most: float = 10.0) -> None:
        self.rate, self.most = rate, most

    def before_train_epoch(self, runner: Runner) -> None:
        """Set t, of a resumed run as well."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.head.barrier = min(self.rate**runner.epoch, self.most)
