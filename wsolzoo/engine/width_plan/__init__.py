"""Width plans: fewer channels in the layers that a rule names, everywhere they are read, and a record of what was kept.

>>> kept = plan_widths(model, [Rule(('fc6',), ratio=0.5, select='l1')], batch)  # doctest: +SKIP
>>> cut(model, kept)  # doctest: +SKIP
"""

from wsolzoo.engine.width_plan.cut import Kept, compose, cut, masked
from wsolzoo.engine.width_plan.plan import Rule, plan_widths
from wsolzoo.engine.width_plan.record import KEY, make_record, record_of, restore

__all__ = [
    'KEY',
    'Kept',
    'Rule',
    'compose',
    'cut',
    'make_record',
    'masked',
    'plan_widths',
    'record_of',
    'restore',
]
