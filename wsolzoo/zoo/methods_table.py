"""The page with every localization method in one table: generated from metafiles, configs and the pages of results."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mmengine.config import Config

from wsolzoo.models.backbones import TokenBackbone
from wsolzoo.registry import MODELS
from wsolzoo.zoo.metafile import Metafile
from wsolzoo.zoo.tables import NOTE, table

RESULTS = 'results_scenes.md', 'results_pipelines.md'
"""Pages under docs/methods/ whose first table has a row a method, by its collection; the first page wins."""
FROM_RESULTS = 'step, CAM = 1', 'GT-known', 'MaxBoxAccV2'
HEAD = [
    'method',
    'year',
    'kind',
    'needs',
    'step, CAM = 1',
    'scenes GT-known',
    'scenes MaxBoxAccV2',
]


def page(files: Iterable[Metafile], root: Path) -> str:
    """``docs/methods/all_methods.md``."""
    folder = root / 'docs' / 'methods'
    pages = {path.stem: path.read_text(encoding='utf-8') for path in sorted(folder.glob('*.md'))}
    measured = {name: row for page in reversed(RESULTS) for name, row in rows_of(pages.get(page[:-3], '')).items()}
    rows = [row for file in files for row in _rows(file, root, pages, measured)]
    lines = ['---\nhide-toc: true\n---\n', NOTE.format(source='metafiles, configs and pages of results')]
    lines += [
        '# All methods\n',
        'A click on a heading sorts. *Needs* is read from the configs. *Step* is the CPU time of a training step, and'
        ' the scores on the scenes are means over seeds in percent: {doc}`results_scenes` and, for second phases and'
        ' transformers, {doc}`results_pipelines`, each with a budget of its own. How sure the differences are:'
        ' {doc}`../leaderboard`. What the authors printed, on other data: {doc}`../published`.\n',
    ]
    return '\n'.join([*lines, *table(HEAD, rows, numbers=[1, *range(4, len(HEAD))])]).rstrip() + '\n'


def _rows(file: Metafile, root: Path, pages: Mapping[str, str], measured: Mapping[str, Mapping]) -> Iterator[list[str]]:
    for collection in file.collections:
        models = [model for model in file.models if model['In Collection'] == collection['Name']]
        kind = (collection.get('Metadata') or {}).get('Kind')
        if kind:
            told = page_about(collection, file.folder.name, pages)
            name = f'[{collection["Name"]}]({told}.md)' if told else collection['Name']
            scores = [measured.get(collection['Name'], {}).get(key, '') for key in FROM_RESULTS]
            needs = ', '.join(sorted(needed(root / model['Config'] for model in models)))
            yield [name, str(collection['Paper'].get('Year', '')), kind, needs, *scores]


def page_about(collection: Mapping, folder: str, pages: Mapping[str, str]) -> str | None:
    """The page that points to the collection's code, else the one that is called as its folder."""
    module = str(collection.get('Code', '')).removesuffix('.py').replace('/', '.')
    told = next((name for name, text in pages.items() if module and f'{{mod}}`{module}`' in text), folder)
    return told if told in pages else None


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """The first table of a page with a column ``GT-known``: by the name of the row, by the name of the column.

    Of ``PaS (pooling and clamping)`` and ``*InCA, 6 epochs from CAM*`` the name is what stands before bracket or comma;
    of equal names the first counts. A mean stands without its deviation.
    """
    found: dict[str, dict[str, str]] = {}
    head: list[str] = []
    for line in text.splitlines():
        row = cells(line)
        if head and not row:
            break
        if head:
            name = row[0].strip('*').partition(' (')[0].partition(',')[0]
            found.setdefault(name, {key: value.partition(' ±')[0] for key, value in zip(head, row, strict=False)})
        elif 'GT-known' in row:
            head = row
    return found


def cells(line: str) -> list[str]:
    """Of a line of a table; none of another line."""
    return [cell.strip() for cell in line.strip().strip('|').split('|')] if line.startswith('|') else []


def needed(paths: Iterable[Path]) -> set[str]:
    """What every config of a method asks for that no other of them stands on."""
    configs = {path.stem: Config.fromfile(str(path), import_custom_modules=False) for path in paths}
    before = str([cfg.get('first_phase') for cfg in configs.values()])
    asked = [needs_of(cfg) for stem, cfg in configs.items() if stem not in before]
    return set.intersection(*asked) if asked else set()


def needs_of(cfg: Config) -> set[str]:
    """What a config asks for beside images with class labels."""
    model, needs = cfg.get('model') or {}, set()
    backbone = (model.get('backbone') or {}).get('type', '')
    if cfg.get('first_phase') or model.get('type') == 'PostHocCAM':
        needs.add('a trained classifier')
    if 'LoadPseudoLabels' in str(cfg.get('train_dataloader')):
        needs.add('pseudo-labels')
    if backbone in MODELS and issubclass(MODELS.get(backbone), TokenBackbone):
        needs.add('a transformer')
    return needs
