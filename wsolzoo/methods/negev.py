"""NEGEV: Belharbi, Pedersoli, Ben Ayed, McCaffrey, Granger. Negative Evidence Matters in Interpretable Histology Image
Classification. MIDL 2022.

F-CAM's decoder with seeds from the whole map, each pixel as likely as the map says, and no further term.
"""

from wsolzoo.models.heads.seeded import SeededHead
from wsolzoo.models.seeds import SeedSampler
from wsolzoo.registry import MODELS


@MODELS.register_module()
class NEGEVHead(SeededHead):
    """Object seeds in proportion to the map, background seeds by ``1 - map / sum map``, both anywhere; grown to 3 x 3.

    Each pixel's part of the sum is tiny, so background seeds are all but uniform, as published: an object that fills a
    fifth of the image gets a fifth of them. The published option of labelling every pixel of an image without tissue as
    background is for histology and not here. The arguments are those of :class:`SeededHead`.
    """

    sampler = SeedSampler({'pool': 'all', 'draw': 'map'}, {'share': 1.0, 'draw': 'inverse'})
