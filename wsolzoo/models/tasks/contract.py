"""What a model is asked for and what it promises: everything around a model asks its task, never its class.

A model names its task, ``task = Localization`` in the class. The task says which fields of
:class:`~wsolzoo.structures.DataSample` the model reads and writes, which data do not fit it, what a conforming
prediction is, and how an answer about an image is made and drawn. The look before a run, the test kit, the Inferencer
and the report all work from that, so a new task is one file beside this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from wsolzoo.errors import UserError, meant
from wsolzoo.structures import DataSample, Drawing


class TaskOptionError(UserError, TypeError):
    """A task is given an option that it does not have."""


@dataclass(frozen=True)
class Task:
    """The base of all tasks. The fields of a subclass are its options: how an answer is made of a prediction.

    Attributes:
        name: for people.
        reads: fields of the truth that training needs; ``'a|b'`` means one of them.
        writes: fields that a prediction has, each with its shape and unit in :class:`~wsolzoo.structures.DataSample`.
        learns: children of the model of which a training step moves at least one parameter each.
        own_size: whether images go to the network at their own size; else through the geometry of the test pipeline.
        shown: pictures in the random sample of a report.
    """

    name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    writes: ClassVar[tuple[str, ...]]
    learns: ClassVar[tuple[str, ...]] = ()
    own_size: ClassVar[bool] = False
    shown: ClassVar[int] = 12

    @classmethod
    def with_options(cls, options: Mapping[str, Any]) -> 'Task':
        """The task with some of its options set.

        Raises:
            TaskOptionError: it has no such option.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise TaskOptionError(f'{cls.name} has no option {name!r}; {meant(name, known)}')
        return cls(**options)

    # ---- data against model --------------------------------------------------------------------------------------

    def misfits(self, model: nn.Module, metainfo: Mapping[str, Any], place: str) -> Iterator[str]:
        """What of a data set does not fit the model, a sentence each.

        Args:
            model: the model.
            metainfo: of the data set, such as ``classes``.
            place: how the data set is called in the config.
        """
        yield from ()

    def flaws(self, sample: DataSample, size: str, place: str) -> Iterator[str]:
        """What is wrong with the prediction of one real image before a run, a sentence each.

        Args:
            sample: with the prediction.
            size: of the network's input, for people.
            place: how the data set is called in the config.
        """
        yield from ()

    # ---- conformance ---------------------------------------------------------------------------------------------

    def truth(self, model: nn.Module, image: np.ndarray, index: int, rng: np.random.Generator) -> dict[str, Any]:
        """Random truth of one image for the test kit.

        Args:
            model: the model that will read it.
            image: (3, h, w) uint8 BGR; may be changed where the object is to be seen.
            index: of the image in its batch.
            rng: the source of everything random.

        Returns:
            Fields of a :class:`~wsolzoo.structures.DataSample`; meta information under ``'metainfo'``.
        """
        raise NotImplementedError

    def check(self, model: nn.Module, sample: DataSample, size: int) -> None:
        """Hold one prediction against the promise.

        Args:
            model: which predicted.
            sample: with the prediction, of an image of ``size`` x ``size`` pixels.
            size: side of the image.

        Raises:
            AssertionError: naming what is broken.
        """
        for name in self.writes:
            assert name in sample, f'{self.name}: a prediction has {name}; this one has {sorted(sample.keys())}'
            values = torch.as_tensor(sample.get(name))
            assert torch.isfinite(values.float()).all(), f'{name} has values that are not finite'

    # ---- answers -------------------------------------------------------------------------------------------------

    def arguments(self, model: nn.Module, label: int | None) -> dict[str, Any]:
        """Further arguments of the model's ``predict`` for an image outside any data set.

        Args:
            model: which predicts.
            label: class that is asked about, if any.
        """
        return {}

    def answer(self, sample: DataSample, size: tuple[int, int], window: np.ndarray, asked: Mapping) -> dict[str, Any]:
        """What a prediction says about an image, in the pixels of that image.

        Args:
            sample: with the prediction.
            size: height and width of the image.
            window: (4,) x0 y0 x1 y1, the part of the image that the network saw, pixels.
            asked: ``label`` (class index or ``None``) and ``classes`` (names, may be empty).
        """
        raise NotImplementedError

    def drawing(self, answer: Mapping[str, Any]) -> Drawing:
        """What there is to see of an answer."""
        raise NotImplementedError

    def saved(self, answer: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """What of an answer goes into files: one array, and plain values for a JSON file."""
        raise NotImplementedError


def task_of(model: nn.Module) -> type[Task]:
    """The task that a model names.

    Raises:
        UserError: it names none.
    """
    model = getattr(model, 'module', model)  # inside a wrapper for several processes
    task = getattr(model, 'task', None)
    if not (isinstance(task, type) and issubclass(task, Task)):
        raise UserError(
            f'{type(model).__name__} names no task. Set `task = Localization` (or DenseMaps, or a Task of your own, '
            'see wsolzoo/models/tasks) in the class, so that tools know what it predicts.'
        )
    return task
