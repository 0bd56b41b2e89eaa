"""PixelCAM: Guichemerre, Belharbi, Shateri, McCaffrey, Granger. Pixel Class Activation Mapping. 2025.

No decoder: a classifier of single positions stands beside the image's, on the same last feature, and both are trained
together with the backbone. Its seeds come from maps that were stored before.
"""

from wsolzoo.models.heads.seeded import SeededHead
from wsolzoo.models.seeds import SeedSampler
from wsolzoo.registry import MODELS


@MODELS.register_module()
class PixelCAMHead(SeededHead):
    """Five object seeds an image in proportion to the stored map, five background seeds in its lowest 40 %; not grown.

    In the paper both weights, ``cls`` and ``seeds``, are 1. The stored maps are those of
    ``tools/make_pseudo_labels.py --as seeds``. The arguments are those of :class:`SeededHead`.
    """

    stored = True
    sampler = SeedSampler(
        {'pool': 'all', 'draw': 'map', 'count': 5}, {'share': 0.4, 'draw': 'inverse', 'count': 5}, dilate=1
    )
