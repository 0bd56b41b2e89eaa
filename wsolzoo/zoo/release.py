"""Which checkpoints lie in the repository, which are files of a release, and the terms of the data behind them."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wsolzoo.digest import sha256_of
from wsolzoo.zoo.commands import TESTS, TRAININGS, CommandError, read_commands
from wsolzoo.zoo.metafile import WEIGHTS, Metafile

MB = 10**6
LIMIT = 40 * MB
"""Bytes of checkpoints in the repository, all together."""
TERMS = 'Training Data Terms'


def published(files: Iterable[Metafile]) -> list[Mapping[str, Any]]:
    """The entries with ``Weights``."""
    return [model for file in files for model in file.models if model.get('Weights')]


def kept(files: Iterable[Metafile], root: Path) -> dict[str, int]:
    """The checkpoints in the repository and their bytes."""
    places = [model['Weights'] for model in published(files) if '://' not in model['Weights']]
    return {place: (root / place).stat().st_size for place in places}


def problems(files: Iterable[Metafile], root: Path, limit: int = LIMIT) -> Iterator[str]:
    """Checkpoints without the terms of their data or with commands that are not run, and too many bytes of them."""
    for model in published(files):
        yield from _commands(model)
        if not str(model['Metadata'].get(TERMS) or '').strip():
            yield (
                f'{model["Name"]} has Weights, and its Metadata has no {TERMS!r}: the licence of what it was trained '
                "on, or 'none, …' where the data is drawn"
            )
    sizes = kept(files, root)
    total = sum(sizes.values())
    if total > limit:
        largest = max(sizes, key=sizes.__getitem__)
        yield (
            f'the checkpoints in the repository have {total / MB:.1f} MB, {limit / MB:g} are allowed; the largest is '
            f'{largest} ({sizes[largest] / MB:.1f} MB). Make them files of a release: `python tools/zoo.py pack`'
        )


def _commands(model: Mapping[str, Any]) -> Iterator[str]:
    """Commands of an entry that `tools/zoo.py reproduce` would refuse."""
    told = [(result.get('Provenance') or {}, TESTS) for result in model.get('Results') or []]
    told += [(model['Training'], TRAININGS)] if model.get('Training') else []
    for text, tools in {str(made.get('Command', '')): tools for made, tools in told if made}.items():
        try:
            read_commands(text, tools)
        except CommandError as error:
            yield f'{model["Name"]}: {error}'


def pack(files: Iterable[Metafile], root: Path, out: Path, above: int, found_in: Path | None = None) -> dict[str, Any]:
    """Write the checkpoints of a release: those of the repository above a size, and those whose Weights are addresses.

    Args:
        files: metafiles.
        root: of the checkout.
        out: folder for the files, ``manifest.json`` and ``SHA256SUMS``, in the form of ``sha256sum -c``.
        above: bytes from which on a checkpoint of the repository goes into the release.
        found_in: folder with the files of addresses; by default where downloads are kept.

    Returns:
        The manifest: ``files``, and ``missing``, addresses whose file is nowhere here or is not what it should be.
    """
    manifest: dict[str, Any] = {'files': [], 'missing': []}
    out.mkdir(parents=True, exist_ok=True)
    for model in published(files):
        place = _place(str(model['Weights']), root, found_in)
        listed = '://' in model['Weights']
        if not listed and place.stat().st_size <= above:
            continue
        match = WEIGHTS.fullmatch(place.name)
        digest = sha256_of(place) if place.is_file() else ''
        if not match or not digest.startswith(match['sha']):
            manifest['missing'].append({'name': model['Name'], 'weights': model['Weights'], 'expected': str(place)})
            continue
        if place.resolve() != (out / place.name).resolve():
            shutil.copyfile(place, out / place.name)
        entry = {'name': model['Name'], 'file': place.name, 'bytes': place.stat().st_size, 'sha256': digest}
        entry |= {'config': model['Config'], 'terms': model['Metadata'].get(TERMS, ''), 'in_repository': not listed}
        manifest['files'].append(entry)
    sums = [f'{entry["sha256"]}  {entry["file"]}\n' for entry in manifest['files']]
    (out / 'SHA256SUMS').write_text(''.join(sums), encoding='utf-8')
    (out / 'manifest.json').write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    return manifest


def _place(weights: str, root: Path, found_in: Path | None) -> Path:
    """Where the file of ``Weights`` is, or should be."""
    if '://' not in weights:
        return root / weights
    if found_in is not None:
        return found_in / weights.rpartition('/')[2]
    from wsolzoo.engine.weights.sources import cache_file

    return cache_file(weights)
