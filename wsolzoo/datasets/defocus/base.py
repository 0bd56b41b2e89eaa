"""What the defocus readers share: a domain beside the role."""

from wsolzoo.datasets.base import ZooDataset
from wsolzoo.structures import FULLSUP

DOMAINS = ('synthetic', 'masked', 'real')
"""What a source is to the method: exact maps; real with a binary blur mask; real without labels."""


class DefocusDataset(ZooDataset):
    """A source of one domain; ``domain`` goes into every sample. A subclass writes ``entries``.

    Args:
        domain: one of :data:`DOMAINS`.
        role: see :class:`~wsolzoo.datasets.base.ZooDataset`. By default ``train-fullsup``: defocus is learnt from
            pixels. A split that reports says ``test``.
        limit: take the first so many entries.
        **kwargs: see :class:`~wsolzoo.datasets.base.ZooDataset`.
    """

    def __init__(self, domain: str, role: str | None = None, limit: int | None = None, **kwargs) -> None:
        if domain not in DOMAINS:
            raise ValueError(f'domain must be one of {", ".join(DOMAINS)}; got {domain!r}')
        self.domain, self.limit = domain, limit
        super().__init__(role or FULLSUP, **kwargs)

    def entries(self) -> list[dict]:
        """All images in a fixed order, without their domain."""
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        """Entries of the subclass, with the domain, at most ``limit``."""
        return [entry | {'domain': self.domain} for entry in self.entries()[: self.limit]]
