"""Scenes drawn once and kept: in memory, or in one file under the user's cache folder."""

import hashlib
import json
import logging
import multiprocessing
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from wsolzoo.synthetic.scenes.scene import FORMAT_VERSION, Scene, SceneSpec, draw_scene

FIELDS = ('image', 'sharp', 'box', 'mask', 'coc', 'depth')
_WORTH_A_BAR = 400


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/wsolzoo``, by default ``~/.cache/wsolzoo``."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'wsolzoo'


def scene_fields(seed: int, split: str, spec: SceneSpec, fields: Sequence[str], index: int) -> list[np.ndarray]:
    """The named arrays of one scene."""
    scene: Scene = draw_scene(seed, split, index, **asdict(spec))
    return [getattr(scene, name) for name in fields]


def draw_many(
    seed: int, split: str, spec: SceneSpec, fields: Sequence[str], indices: Sequence[int], workers: int = 0
) -> dict[str, np.ndarray]:
    """The named arrays of many scenes, drawn by ``workers`` processes (0: by this one), with a bar where it takes long.

    Returns:
        ``{field: (N, …)}`` in the order of ``indices``.
    """
    draw = partial(scene_fields, seed, split, spec, tuple(fields))
    out: dict[str, np.ndarray] = {}
    for place, arrays in enumerate(_with_bar(_drawn(draw, indices, workers), len(indices), split)):
        for name, array in zip(fields, arrays, strict=True):
            if name not in out:
                out[name] = np.empty((len(indices), *array.shape), array.dtype)
            out[name][place] = array
    return out


def _drawn(draw: partial, indices: Sequence[int], workers: int) -> Iterator[list[np.ndarray]]:
    if workers <= 1:
        yield from map(draw, indices)
        return
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # before the fork: a child would wait for ever for threads that only its parent has
    try:
        with multiprocessing.Pool(workers) as pool:
            yield from pool.imap(draw, indices, chunksize=16)
    finally:
        cv2.setNumThreads(threads)


def _with_bar(drawn: Iterator[list[np.ndarray]], total: int, split: str) -> Iterable[list[np.ndarray]]:
    if total < _WORTH_A_BAR:
        return drawn
    from rich.console import Console
    from rich.progress import track

    return track(drawn, f'drawing {total} scenes ({split})', total, console=Console(stderr=True), transient=True)


class SceneStore:
    """Arrays of the scenes of one split, drawn on demand or all at once.

    Args:
        seed: seed of the data set.
        split: 'train', 'val' or 'test'.
        spec: kind of scenes.
        fields: arrays wanted, some of :data:`FIELDS`.
        mode: False draws each scene whenever it is asked for; 'memory' draws all when :meth:`fill` is called and keeps
            them; 'disk' (or True) keeps them in a file as well and reads it the next time.
        workers: processes that draw in :meth:`fill`.

    Raises:
        ValueError: for an unknown field or mode.
    """

    def __init__(
        self, seed: int, split: str, spec: SceneSpec, fields: Sequence[str], mode: bool | str = False, workers: int = 0
    ) -> None:
        mode = 'disk' if mode is True else mode
        if mode not in (False, 'memory', 'disk'):
            raise ValueError(f"cache must be False, True, 'memory' or 'disk'; got {mode!r}")
        unknown = set(fields) - set(FIELDS)
        if unknown:
            raise ValueError(f'unknown fields {", ".join(sorted(unknown))}; there are {", ".join(FIELDS)}')
        self.seed, self.split, self.spec, self.fields = seed, split, spec, tuple(fields)
        self.mode, self.workers = mode, workers
        self._kept: dict[str, np.ndarray] = {}

    def recipe(self, count: int) -> str:
        """What the file of ``count`` scenes depends on, as JSON."""
        parts = {'version': FORMAT_VERSION, 'seed': self.seed, 'split': self.split, 'count': count}
        return json.dumps({**parts, 'fields': self.fields, 'spec': asdict(self.spec)}, sort_keys=True)

    def path(self, count: int) -> Path:
        """The file of ``count`` scenes."""
        digest = hashlib.sha256(self.recipe(count).encode()).hexdigest()[:16]
        return cache_folder() / f'scenes-{self.split}-{count}-{digest}.npz'

    def fill(self, count: int) -> None:
        """Make scenes 0 to ``count`` - 1 ready, where a cache was asked for."""
        if not self.mode:
            return
        if self.mode == 'disk':
            self._kept = self._read(count) or {}
        if not self._kept:
            self._kept = draw_many(self.seed, self.split, self.spec, self.fields, range(count), self.workers)
            if self.mode == 'disk':
                self._write(count)

    def get(self, index: int) -> dict[str, np.ndarray]:
        """The arrays of one scene; the caller may change them."""
        if self._kept:
            return {name: self._kept[name][index].copy() for name in self.fields}
        return dict(zip(self.fields, scene_fields(self.seed, self.split, self.spec, self.fields, index), strict=True))

    def __deepcopy__(self, memo: dict) -> 'SceneStore':
        """The store itself: subsets of a data set share the scenes, which nobody changes."""
        return self

    def _read(self, count: int) -> dict[str, np.ndarray] | None:
        path = self.path(count)
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file['recipe']) == self.recipe(count):
                    return {name: file[name] for name in self.fields}
                reason = 'was made by another version'
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            reason = f'cannot be read ({error})'
        print_log(f'{path} {reason}; drawing the scenes anew', logger='current', level=logging.WARNING)
        return None

    def _write(self, count: int) -> None:
        """Write a temporary file and rename it, so that no reader ever sees half a file."""
        path = self.path(count)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix='.part')
            try:
                with os.fdopen(handle, 'wb') as file:
                    np.savez(file, allow_pickle=False, recipe=np.array(self.recipe(count)), **self._kept)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            print_log(f'scenes are kept in memory only: {path}: {error}', logger='current', level=logging.WARNING)
