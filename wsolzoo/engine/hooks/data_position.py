"""A run that continues in the middle of its data: the batches that are left, once those that were seen are passed."""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader, IterableDataset


class RestOfEpoch:
    """A loader that begins behind the batches an epoch has seen already.

    Args:
        loader: of the training.
        seen: how many batches are passed over; without loading them where the main process loads.
        arrived: called when they are.
    """

    def __init__(self, loader: DataLoader, seen: int, arrived: Callable[[], None]) -> None:
        self.loader, self.seen, self.arrived = loader, seen, arrived

    def __len__(self) -> int:
        return len(self.loader) - self.seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __iter__(self) -> Iterator[dict]:
        batches = iter(self.loader)
        by_index = self.loader.num_workers == 0 and not isinstance(self.loader.dataset, IterableDataset)
        step = getattr(batches, '_next_index', None) if by_index else None
        for _ in range(self.seen):
            (step or batches.__next__)()
        self.arrived()
        yield from batches


class Endless:
    """The endless batches of an iteration-based loop, which passes over those it has seen by itself.

    Args:
        batches: of the loop.
        seen: how many it will pass over.
        arrived: called when it has.
    """

    def __init__(self, batches: Any, seen: int, arrived: Callable[[], None]) -> None:
        self.batches, self.left, self.arrived = batches, seen, arrived

    def __iter__(self) -> Iterator[dict]:
        return self

    def __next__(self) -> dict:
        batch = next(self.batches)
        self._passed(1)
        return batch

    def skip_iter(self, count: int) -> None:
        """Pass over batches without loading them where that is possible."""
        self.batches.skip_iter(count)
        self.batches._ensure_iterator()  # draws a random number, as it did when the run began
        self._passed(count)

    def _passed(self, count: int) -> None:
        if self.left > 0:
            self.left -= count
            if self.left <= 0:
                self.arrived()
