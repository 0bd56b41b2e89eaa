"""Several sources in one loader, so many samples of each in every batch, with a place it can be resumed at."""

from collections.abc import Iterator, Sequence

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Dataset, Sampler

from wsolzoo.registry import DATA_SAMPLERS, DATASETS
from wsolzoo.structures import TEST

Draw = tuple[int, int, int]
"""Which source, which of its images, and a number that decides the augmentation."""


@DATASETS.register_module()
class MultiSource(Dataset):
    """Data sets side by side to learn from, addressed by :data:`Draw`.

    Args:
        sources: data set configs, or data sets. ``map_unit`` of those that have one must agree.

    Raises:
        ValueError: the sources have maps of different units, or one is a split that reports (role ``test``).
    """

    def __init__(self, sources: Sequence[dict]) -> None:
        self.sources = [DATASETS.build(source) if isinstance(source, dict) else source for source in sources]
        reporting = [number for number, source in enumerate(self.sources) if getattr(source, 'role', None) == TEST]
        if reporting:
            raise ValueError(
                f'source {reporting[0]} has role="test"; a test split reports and is never learnt from. Dense tasks '
                'learn from splits with role="train-fullsup"'
            )
        units = {source.map_unit for source in self.sources if getattr(source, 'truth', None) == 'map'}
        if len(units) > 1:
            raise ValueError(f'one network learns one unit; the sources are in {", ".join(sorted(units))}')
        self.map_unit = next(iter(units), None)
        self.metainfo = {'map_unit': self.map_unit, 'domains': [source.domain for source in self.sources]}

    @property
    def datasets(self) -> list:
        """The sources, under the name by which wrappers of data sets are looked into, for their roles for instance."""
        return self.sources

    def full_init(self) -> None:
        """Load the annotations of every source."""
        for source in self.sources:
            source.full_init()

    def __len__(self) -> int:
        return sum(len(source) for source in self.sources)

    def __getitem__(self, draw: Draw) -> dict:
        number, index, seed = draw
        source = self.sources[number]
        results = source.get_data_info(index)
        results['draw'] = seed
        packed = source.pipeline(results)
        if packed is None:
            raise ValueError(f'the pipeline of source {number} dropped {results.get("img_id")}')
        return packed


@DATA_SAMPLERS.register_module()
class MultiSourceSampler(Sampler):
    """Draws ``counts[i]`` images of source ``i`` for every batch; set ``batch_size = sum(counts)`` in the data loader.

    Every source is shuffled anew on each of its own passes and cycles at its own length, so that all of its images are
    seen (an index of one source never addresses another). Draw ``k`` of source ``i`` is a pure function of
    ``(seed, i, k)``: the whole state is the number of batches served. An epoch is one pass over the first source.

    Args:
        dataset: a :class:`MultiSource`.
        counts: images of each source in a batch, on each process.
        seed: default: one drawn by the main process.
        infinite: never end (for iteration-based training).

    Raises:
        ValueError: ``counts`` does not fit the sources.
    """

    def __init__(
        self, dataset: MultiSource, counts: Sequence[int], seed: int | None = None, infinite: bool = False, **_
    ) -> None:
        if len(counts) != len(dataset.sources) or min(counts) < 1:
            raise ValueError(f'counts needs a positive number for each of {len(dataset.sources)} sources; got {counts}')
        self.rank, self.world = get_dist_info()
        self.lengths = [len(source) for source in dataset.sources]
        self.counts = tuple(counts)
        self.seed = sync_random_seed() if seed is None else seed
        self.infinite = infinite
        self.batch = 0
        self._orders: dict[int, tuple[int, np.ndarray]] = {}  # the current shuffle of each source, kept for speed

    @property
    def batches(self) -> int:
        """Batches in one epoch: enough to show every image of the first source."""
        return -(-self.lengths[0] // (self.counts[0] * self.world))

    def __len__(self) -> int:
        return self.batches * sum(self.counts)

    def draw(self, source: int, number: int) -> Draw:
        """Draw ``number`` of ``source``."""
        lap, place = divmod(number, self.lengths[source])
        if self._orders.get(source, (None,))[0] != lap:
            order = np.random.default_rng([self.seed, source, lap]).permutation(self.lengths[source])
            self._orders[source] = lap, order
        order = self._orders[source][1]
        seed = np.random.SeedSequence([self.seed, source, number]).generate_state(1)[0]
        return source, int(order[place]), int(seed)

    def __iter__(self) -> Iterator[Draw]:
        batch = self.batch
        end = None if self.infinite else batch + self.batches
        while end is None or batch < end:
            for source, count in enumerate(self.counts):
                first = (batch * self.world + self.rank) * count
                for number in range(first, first + count):
                    yield self.draw(source, number)
            batch += 1

    def set_epoch(self, epoch: int) -> None:
        """Begin at the first batch of ``epoch`` (MMEngine calls this at the start of every epoch, also on resume)."""
        self.batch = epoch * self.batches

    def skip(self, num_samples: int) -> None:
        """Go on after ``num_samples`` samples (MMEngine calls this when an iteration-based run resumes)."""
        if num_samples % sum(self.counts):
            raise ValueError(f'{num_samples} samples are no whole number of batches of {sum(self.counts)}')
        self.batch += num_samples // sum(self.counts)

    def state_dict(self, batches_done: int | None = None) -> dict:
        """The state: seed and number of batches served.

        Args:
            batches_done: batches the trainer has used; workers draw ahead, so that only the trainer knows.
        """
        return {'seed': self.seed, 'batch': self.batch if batches_done is None else batches_done}

    def load_state_dict(self, state: dict) -> None:
        """Continue from :meth:`state_dict`."""
        self.seed, self.batch = state['seed'], state['batch']
        self._orders.clear()
