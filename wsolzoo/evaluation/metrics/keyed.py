"""Metrics that keep exactly one small record per image, keyed by image id."""

import warnings
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric

from wsolzoo.evaluation.functional.bootstrap import percentiles, resample_indices


class ImageKeyedMetric(BaseMetric):
    """A metric whose state is ``{img_id: record}``, so that N processes give the number that one process gives.

    MMEngine interleaves the results of all processes and cuts the list at the length of the data set; that is right
    only while every process holds its samples in sampler order. Here the records are merged by image id instead: an
    image that a padded sampler served twice counts once, whoever served it. Records are sorted by id before they are
    reduced, so the order of arrival cannot change a floating point sum.

    A subclass declares :attr:`required_fields` and implements :meth:`record` (one sample to one record of counts,
    histograms or scalars, never a map) and :meth:`reduce` (all records to named numbers).

    Args:
        prefix: goes before every name; the class's ``default_prefix`` if ``None``.
        num_resamples: if not 0, every number ``x`` comes with ``x_low`` and ``x_high``, its bootstrap percentile
            interval over images; choices such as the best threshold are made again in each resample.
        level: coverage of the intervals.
        seed: seed of the resampling.
    """

    required_fields: tuple[str, ...] = ()
    """Fields of a sample that :meth:`record` reads; ``'a|b'`` means either."""

    def __init__(
        self, prefix: str | None = None, num_resamples: int = 0, level: float = 0.95, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(prefix=prefix, **kwargs)
        if num_resamples < 0 or not 0 < level < 1:
            raise ValueError(f'num_resamples must be >= 0 and level in (0, 1), got {num_resamples} and {level}')
        self.num_resamples, self.level, self.seed = num_resamples, level, seed

    @abstractmethod
    def record(self, sample: dict) -> Any:
        """Reduce one sample, given as ``DataSample.to_dict()``, to its record."""

    @abstractmethod
    def reduce(self, records: list) -> dict[str, float]:
        """Turn the records of all images, sorted by image id, into named numbers."""

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep one record per image of the batch.

        Raises:
            ValueError: a required field is missing, or :meth:`record` refused the sample; the image is named.
        """
        for sample in data_samples:
            if 'img_id' not in sample:
                raise ValueError(
                    f'{type(self).__name__} keys its records by `img_id`, which is missing; '
                    f'the sample holds {sorted(sample)}'
                )
            for name in self.required_fields:
                if not any(option in sample for option in name.split('|')):
                    wanted = ' or '.join(f'`{option}`' for option in name.split('|'))
                    raise ValueError(
                        f'{type(self).__name__} needs {wanted} of image {sample["img_id"]!r}; '
                        f'the sample holds {sorted(sample)}'
                    )
            try:
                self.results.append((sample['img_id'], self.record(sample)))
            except ValueError as error:
                raise ValueError(f'{type(self).__name__}, image {sample["img_id"]!r}: {error}') from error

    def evaluate(self, size: int) -> dict[str, float]:
        """Merge the records of all processes by image id and reduce them.

        Args:
            size: number of images in the data set.

        Raises:
            ValueError: fewer distinct image ids than images although enough records came, so ids are not unique.
        """
        gathered = [pair for part in all_gather_object(self.results) for pair in part]
        self.results.clear()
        records = merge_by_image(gathered, size)
        metrics = self._with_intervals(records) if records else {}
        return {f'{self.prefix}/{name}' if self.prefix else name: value for name, value in metrics.items()}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Reduce ``(img_id, record)`` pairs of one process; the entry point of MMEngine's own tests."""
        return self._with_intervals(merge_by_image(results, None))

    def _with_intervals(self, records: list) -> dict[str, float]:
        draws = []
        for chunk in resample_indices(len(records), self.num_resamples, self.seed) if self.num_resamples else ():
            draws += [self.reduce([records[index] for index in row]) for row in chunk]
        metrics = self.reduce(records)  # last, so that anything a subclass keeps is about all images
        for name in list(metrics) if draws else []:
            values = np.array([draw.get(name, np.nan) for draw in draws])  # a class may be absent from a resample
            low, high = percentiles(values, self.level)
            metrics.update({f'{name}_low': low, f'{name}_high': high})
        return metrics


def merge_by_image(pairs: list[tuple[Any, Any]], size: int | None) -> list:
    """Return one record per image id, sorted by id (numbers by value, everything else as text).

    Args:
        pairs: ``(img_id, record)`` of every process; of repeated ids the first record is kept.
        size: number of images expected, or ``None`` not to check.

    Raises:
        ValueError: ``size`` records or more came, but fewer than ``size`` distinct ids.
    """
    records: dict = {}
    for img_id, record in pairs:
        records.setdefault(img_id, record)
    if size is not None and len(records) < size:
        if len(pairs) >= size:
            repeated = [key for key, count in Counter(key for key, _ in pairs).most_common(5) if count > 1]
            raise ValueError(
                f'expected {size} distinct img_id, got {len(records)} among {len(pairs)} records; '
                f'img_id must be unique within a split, repeated here: {repeated}'
            )
        warnings.warn(f'only {len(records)} of {size} images were evaluated', stacklevel=3)
    numeric = all(isinstance(key, (int, np.integer)) for key in records)
    return [records[key] for key in sorted(records, key=None if numeric else str)]


def percent(shares: Mapping[str, float], others: Collection[str] = ()) -> dict[str, float]:
    """Shares in [0, 1] as percent, which is how metrics report them; ``others`` have units of their own and stay."""
    return {name: value if name in others else 100 * value for name, value in shares.items()}


def to_numpy(value: Any) -> np.ndarray:
    """Return a tensor or array-like as a NumPy array on the CPU."""
    if hasattr(value, 'detach'):
        value = value.detach().cpu()
        if value.dtype.is_floating_point and value.dtype.itemsize < 4:
            value = value.float()
        return value.numpy()
    return np.asarray(value)


def squeeze_map(value: Any, name: str) -> np.ndarray:
    """Return ``value`` as an (h, w) array; a single leading channel is dropped.

    Raises:
        ValueError: the value is not (h, w) or (1, h, w).
    """
    array = to_numpy(value)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f'`{name}` must be (h, w) or (1, h, w) and not empty, got shape {array.shape}')
    return array
