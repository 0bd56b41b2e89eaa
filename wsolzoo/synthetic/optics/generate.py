"""Write a folder of defocused images with their maps: parallel, resumable, every lens on record."""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from wsolzoo.synthetic.optics.camera import Camera, to_bytes
from wsolzoo.synthetic.optics.layers import QUANTUM, defocus
from wsolzoo.synthetic.optics.lens import (
    MAP_UNITS,
    SIGMA_RULES,
    disc,
    disc_to_sigma,
    sample_focal,
    sample_lens,
    shift_depth,
)

FOLDERS = {'image': 'images', 'stored': 'maps', 'blurred': 'blurred'}
"""Folder of each array of a :class:`Sample`."""


@dataclass(frozen=True)
class Recipe:
    """How a set is generated. The defaults are the authors' public generator; ``Recipe.paper()`` is their text.

    Attributes:
        c_max: bound on the disc diameter, pixels.
        rule: disc to sigma, one of :data:`~wsolzoo.synthetic.optics.lens.SIGMA_RULES`.
        policy: ``max`` or ``uniform``, see :func:`~wsolzoo.synthetic.optics.lens.sample_lens`.
        unit: coding of the stored maps, one of :data:`~wsolzoo.synthetic.optics.lens.MAP_UNITS`.
        layers: redraw the lens until the number of layers lies in this range; ``None`` for any number.
        tries: draws at most; then the draw nearest to the range is taken and marked in the manifest.
        radius_sigmas: reach of the kernels in deviations; ``None`` for the published window of ``c_max`` pixels, under
            which wide blur is rendered narrower than its label says.
        camera: what comes after the lens; ``None`` leaves the blurred picture as it is.
        variants: images per pair.
        seed: the set is a function of it.
    """

    c_max: int = 29
    rule: str = 'released'
    policy: str = 'max'
    unit: str = 'sigma7'
    layers: tuple[int, int] | None = (200, 350)
    tries: int = 20
    radius_sigmas: float | None = 3.0
    camera: Camera | None = None
    variants: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.camera, Mapping):
            object.__setattr__(self, 'camera', Camera(**self.camera))
        if self.unit not in MAP_UNITS:
            raise ValueError(f'unit must be one of {", ".join(MAP_UNITS)}; got {self.unit!r}')
        if self.rule not in SIGMA_RULES:
            raise ValueError(f'rule must be one of {", ".join(SIGMA_RULES)}; got {self.rule!r}')
        if (self.unit == 'coc15') != (self.rule == 'coc15'):
            raise ValueError(
                f"unit 'coc15' goes with rule 'coc15' and no other; got unit {self.unit!r}, rule {self.rule!r}"
            )
        sigma = float(disc_to_sigma(self.c_max, self.rule))
        if sigma > 7 + 1e-9:
            raise ValueError(
                f'c_max={self.c_max} under rule {self.rule!r} reaches sigma {sigma} px; the units end at 7 px'
            )

    @classmethod
    def paper(cls, **changes) -> 'Recipe':
        """The text of the paper and the patent: uniform alpha and focus, c_max 28, sigma = c / 4."""
        return cls(**{'c_max': 28, 'rule': 'paper', 'policy': 'uniform', 'layers': None, **changes})

    def encode(self, applied: np.ndarray) -> np.ndarray:
        """Disc diameter (px) to what is stored: uint16, ten times the unit's quantity."""
        value = applied if self.unit == 'coc15' else disc_to_sigma(applied, self.rule)
        return np.rint(10 * value).astype(np.uint16)


def draw(depth: np.ndarray, recipe: Recipe, rng: np.random.Generator) -> tuple[np.ndarray, dict]:
    """A lens for the scene: disc diameter (H, W) px and the record of the lens.

    Args:
        depth: (H, W) mm.
        recipe: see :class:`Recipe`.
        rng: source of randomness.
    """
    best = None
    for trial in range(1, recipe.tries + 1):
        focal = sample_focal(rng)
        moved = shift_depth(depth, focal)
        depths = np.unique(moved)
        lens = sample_lens(depths, depth.shape[1], recipe.c_max, recipe.policy, rng, focal)
        steps = np.rint(disc(depths, lens.focus, lens.alpha) / QUANTUM)
        count = 1 + int(np.count_nonzero(np.diff(steps)))
        low, high = recipe.layers or (count, count)
        gap = max(low - count, count - high, 0)
        if best is None or gap < best[0]:
            record = {'lens': lens.to_dict(), 'near': float(depths[0]), 'far': float(depths[-1]), 'layers': count}
            best = gap, disc(moved, lens.focus, lens.alpha), record | {'trial': trial, 'layers_in_range': gap == 0}
        if gap == 0:
            break
    return best[1], best[2]


class Sample(NamedTuple):
    """One picture and its truth.

    Attributes:
        image: (H, W, 3) uint8 BGR, defocused.
        sharp: the same all in focus, before the camera.
        stored: (H, W) uint16, the map as it is written, see :meth:`Recipe.encode`.
        blurred: (H, W) uint8, 255 where the disc is over 1 px, else 0.
        record: line of the manifest.
    """

    image: np.ndarray
    sharp: np.ndarray
    stored: np.ndarray
    blurred: np.ndarray
    record: dict


def sample_name(name: str, variant: int) -> str:
    """Name of the files of one sample.

    Example:
        >>> sample_name('nyu/272', 1)
        'nyu-272_1'
    """
    return f'{name.replace("/", "-")}_{variant}'


def make_one(source, name: str, variant: int, recipe: Recipe) -> Sample:
    """One sample: a function of its arguments alone."""
    rng = np.random.default_rng([recipe.seed, zlib.crc32(name.encode()), variant])
    image, depth = source.load(name, rng)
    diameter, record = draw(depth, recipe, rng)
    picture, applied = defocus(image, depth, diameter, recipe.c_max, recipe.rule, radius_sigmas=recipe.radius_sigmas)
    photograph = recipe.camera(picture, rng) if recipe.camera else to_bytes(picture)
    size = {'height': image.shape[0], 'width': image.shape[1]}
    record = {
        'name': sample_name(name, variant),
        'pair': name,
        'variant': variant,
        **size,
        **record,
        'c_max_applied': float(applied.max()),
    }
    return Sample(photograph, image, recipe.encode(applied), ((applied > 1) * 255).astype(np.uint8), record)


def read_kept(out: str | Path, name: str) -> dict[str, np.ndarray]:
    """``image``, ``stored`` and ``blurred`` of one sample of a folder, see :class:`Sample`.

    Raises:
        OSError: a file cannot be read.
    """
    files = {field: Path(out, folder, f'{name}.png') for field, folder in FOLDERS.items()}
    arrays = {field: cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for field, file in files.items()}
    broken = [str(files[field]) for field, array in arrays.items() if array is None]
    if broken:
        raise OSError(f'cannot read {broken[0]}; delete it and its line in manifest.jsonl to have it made again')
    return arrays


def _write(path: Path, array: np.ndarray) -> None:
    part = path.with_suffix('.part.png')
    if not cv2.imwrite(str(part), array):
        raise OSError(f'cannot write {path}')
    os.replace(part, path)


def _job(source, name: str, variant: int, recipe: Recipe, out: str) -> dict:
    cv2.setNumThreads(1)
    sample = make_one(source, name, variant, recipe)
    for field, folder in FOLDERS.items():
        _write(Path(out, folder, f'{sample.record["name"]}.png'), getattr(sample, field))
    return sample.record


def read_manifest(out: str | Path) -> dict[str, dict]:
    """Records of ``out`` by sample name; a last line cut short by a crash is ignored."""
    path = Path(out) / 'manifest.jsonl'
    records = {}
    for line in path.read_text(encoding='utf-8').splitlines() if path.is_file() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records[record['name']] = record
    return records


def _open_folder(source, out: Path, recipe: Recipe) -> None:
    """Make the folders, or refuse to add to a set that was made otherwise."""
    meta = {'recipe': asdict(recipe), 'source': {'type': type(source).__name__, **asdict(source)}}
    meta = json.loads(
        json.dumps(meta | {'map_unit': recipe.unit, 'map_scale': 10 * MAP_UNITS[recipe.unit]}, default=dict)
    )
    path = out / 'meta.json'
    if path.is_file() and json.loads(path.read_text(encoding='utf-8')) != meta:
        raise ValueError(f'{out} was generated with other settings (see {path}); choose another folder or delete it')
    for folder in FOLDERS.values():
        (out / folder).mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(meta, indent=2) + '\n', encoding='utf-8')


def generate(source, out: str | Path, recipe: Recipe, workers: int = 1) -> Iterator[tuple[dict, int, int]]:
    """Generate what is missing in ``out``.

    Writes ``images/NAME.png``, ``maps/NAME.png`` (uint16), ``blurred/NAME.png`` (0 / 255), ``manifest.jsonl`` (one line
    per sample, written once its files are there) and ``meta.json`` (recipe, source, unit). Interrupted, it goes on
    where it stopped; the samples are a function of recipe and source alone, not of order or number of workers.

    Args:
        source: one of :mod:`wsolzoo.datasets.defocus.sources` or
            :class:`~wsolzoo.datasets.defocus.photographs.Photographs`.
        out: the folder.
        recipe: see :class:`Recipe`.
        workers: processes.

    Yields:
        ``(record, done, total)`` after every sample.

    Raises:
        ValueError: ``out`` holds a set made with other settings.
    """
    out = Path(out)
    _open_folder(source, out, recipe)
    jobs = [(name, variant) for name in source.names() for variant in range(recipe.variants)]
    done = read_manifest(out)
    rest = [job for job in jobs if sample_name(*job) not in done]
    finished = len(jobs) - len(rest)
    text = ''.join(json.dumps(record) + '\n' for record in done.values())
    (out / 'manifest.jsonl').write_text(text, encoding='utf-8')
    with open(out / 'manifest.jsonl', 'a', encoding='utf-8') as manifest:
        for record in _records(source, rest, recipe, str(out), workers):
            manifest.write(json.dumps(record) + '\n')
            manifest.flush()
            finished += 1
            yield record, finished, len(jobs)


def _records(source, jobs: list[tuple[str, int]], recipe: Recipe, out: str, workers: int) -> Iterator[dict]:
    if workers <= 1:
        for name, variant in jobs:
            yield _job(source, name, variant, recipe, out)
        return
    cv2.setNumThreads(1)  # before the fork: a child would wait for ever for threads that only its parent has
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(_job, source, name, variant, recipe, out) for name, variant in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
