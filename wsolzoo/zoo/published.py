"""The page of numbers that papers printed, which never stand beside ours: generated from ``Published`` in metafiles."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from wsolzoo.zoo.metafile import Metafile
from wsolzoo.zoo.methods_table import page_about
from wsolzoo.zoo.tables import NOTE, number, table

TASK = 'Weakly Supervised Object Localization'
METRICS = 'Top-1', 'Top-1 Loc', 'Top-5 Loc', 'GT-known', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP'


def page(files: Iterable[Metafile], root: Path) -> str:
    """``docs/published.md``."""
    pages = {path.stem: path.read_text(encoding='utf-8') for path in sorted((root / 'docs' / 'methods').glob('*.md'))}
    found: dict[str, list[tuple[list[str], Mapping]]] = {}
    for data, row, metrics in (one for file in files for one in _rows(file, pages)):
        found.setdefault(data, []).append((row, metrics))
    lines = ['---\nhide-toc: true\n---\n', NOTE.format(source='configs/*/metafile.yml'), '# Published numbers\n']
    lines += [
        'What the authors printed, or, where the source says so, somebody who measured their method. **None of it'
        ' was measured here**; what was is on the {doc}`leaderboard` and in the {doc}`model_zoo`. Thresholds,'
        ' geometry, schedules and what was searched on which split differ between papers: read down a column only'
        ' within one source. Each row is a config of this zoo, so that the number can be tried. A click on a'
        ' heading sorts.\n',
    ]
    for data, rows in found.items():
        kept = [name for name in METRICS if any(name in metrics for _, metrics in rows)]
        head = ['method', 'year', 'backbone', 'protocol', *kept, 'source', '']
        body = [[*row[:4], *(number(metrics.get(name)) for name in kept), *row[4:]] for row, metrics in rows]
        lines += [f'## {data}\n', *table(head, body, numbers=[1, *range(4, 4 + len(kept))])]
    return '\n'.join(lines).rstrip() + '\n'


def _rows(file: Metafile, pages: Mapping[str, str]) -> Iterator[tuple[str, list[str], Mapping]]:
    """The data, the texts of a row and its numbers, for everything that a paper printed of localization."""
    collections = {collection['Name']: collection for collection in file.collections}
    for model in file.models:
        collection = collections[model['In Collection']]
        told = page_about(collection, file.folder.name, pages)
        name = f'[{collection["Name"]}](methods/{told}.md)' if told else collection['Name']
        backbone = (model['Metadata'].get('Architecture') or [''])[0]
        for result in model.get('Results') or ():
            if 'Published' in result and result['Task'] == TASK:
                said = result['Published']
                row = [name, str(collection['Paper'].get('Year', '')), backbone, str(result['Protocol'])]
                yield (
                    str(result['Dataset']),
                    [*row, str(said['Source']), f'[config](../{model["Config"]})'],
                    said['Metrics'],
                )
