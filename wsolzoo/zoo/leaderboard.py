"""The boards: what was measured alike, a row a method, generated from ``docs/_data/leaderboard``.

``boards.yml`` is written by hand: what each board is about and what its rows are called. ``<board>.yml`` holds the
numbers and is written by ``tools/analysis_tools/leaderboard.py`` from the runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from wsolzoo.evaluation.localization.tables import over_seeds
from wsolzoo.zoo.metafile import Metafile
from wsolzoo.zoo.methods_table import page_about
from wsolzoo.zoo.tables import NOTE, table

DATA = Path('docs', '_data', 'leaderboard')
LEVEL = 0.05
"""What is marked holds at this level for all rows of a board together."""

SCORES = {
    'oracle (MaxBoxAcc)': ('GT-known', 'oracle', 'test'),
    'transferred': ('GT-known', 'transferred', 'test'),
    'box-free': ('GT-known', 'transferred', 'boxfree'),
    'fixed': ('GT-known', 'fixed', 'test'),
    'MaxBoxAccV2': ('MaxBoxAccV2', '', 'test'),
    'PxAP': ('PxAP', '', 'test'),
    'pIoU': ('pIoU', '', 'test'),
    'Top-1': ('Top-1', '', 'test'),
}
"""The columns: which number of a run, how its threshold was chosen, in which of the two tests (see LEGEND)."""

SORTED_BY = 'MaxBoxAccV2'
HEAD = ['method', 'epochs', 'seeds', *SCORES, 'cost', 'transferred, less {against}', 'V2 by seed, less {against}', '']

LEGEND = """\
A click on a heading sorts; as they come, rows are sorted by MaxBoxAccV2. Everything is measured here, on one test
split, percent, mean ± standard deviation over seeds; what papers printed on other data is on a page of its own,
{doc}`published`.

- **oracle, transferred, box-free, fixed**: GT-known (the box has an IoU of 0.5 with a true one, class given, protocol
  `choe2020-v1`) at four thresholds: the best of the *test* split, which is MaxBoxAcc; chosen by true boxes of the
  validation split; chosen there by boxes of Selective Search, so by nobody's annotation ({doc}`pseudo_labels`); and
  0.2 of the maximum. Only the last two need no box.
- **MaxBoxAccV2** (`choe2020-v2`), **PxAP** and **pIoU** (`choe2020-pxap`) have the best thresholds of the test split
  by definition ({doc}`metrics`). **Top-1** is the classifier's accuracy.
- **epochs** of each phase. **cost**: the CPU time of all of them, that of CAM = 1; where the step of each phase was
  timed, steps by what a step costs, else seconds as they were measured. Pseudo-labels made in between are not
  counted.
- *In italics*: rows that nothing was trained for. The centred box looks at nothing and has no threshold; the best
  constant box is that of validation for each IoU; TokenCut (normalised cut) and LOST read the features of a network
  that was trained to classify; an untouched classifier is one of ImageNet as it came.

**What the marks mean.** Two questions, since a difference may be an accident of the images or of the seeds:

- *transferred, less CAM*: would other images show it? The hits of each image, averaged over the seeds that both rows
  have, are compared in pairs: 10,000 bootstrap resamples of the images (generator seeded with 0) give the interval of
  95 % and a two-sided p. ▲ is better and ▼ worse than CAM with p < 0.05 after Holm's correction for all rows of the
  board. The interval is of one row, not corrected. Networks and thresholds are held fixed: this says nothing of other
  seeds. A row without seeds is compared with all of CAM's.
- *V2 by seed, less CAM*: would other seeds show it? The gain of every seed both have. ▲ or ▼: all seeds, at least
  three, agree on the sign. By chance alone three agree one time in four, so this is a hint. ▲▲ or ▼▼: Student's
  paired t-test over the seeds, n - 1 degrees of freedom, has p < 0.05 after Holm's correction too, which three seeds
  reach only where they gain nearly alike. A second phase that starts from the CAM of the same seed is a pair; of
  other rows only first weights, where they fit, and the order of images are shared.

Believe what both columns mark. Unmarked is not equal: it is not told apart with these images and seeds.
"""

ADD = """\
## Your method on a board

Train and test it with three seeds, each into a folder `NAME_sSEED`, test it once more with a threshold that no true
box has chosen, and write the board and this page anew. For the scenes:

```bash
C=my_config.py; D=work_dirs/board
python tools/dataset_tools/make_pseudo_boxes.py $C --by selective-search --scale 2 --out ss.csv
for s in 0 1 2; do
  python tools/train.py $C --seed $s --work-dir $D/my-method_s$s
  python tools/test.py $C $D/my-method_s$s/epoch_15.pth --work-dir $D/my-method_s$s
  python tools/test.py $C $D/my-method_s$s/epoch_15.pth --work-dir $D/my-method_s$s/boxfree --pseudo-boxes ss=ss.csv
done
python tools/analysis_tools/leaderboard.py scenes $D     # $D/cam_s0, … too: hits are compared image by image
python tools/zoo.py readme
```

Rows of other runs stay as they are. Choose settings on validation, with other seeds than those of the board; a run
that chose on the test split, or was measured on other images or by another protocol, is refused. Name, epochs and
cost of the row stand in `docs/_data/leaderboard/boards.yml`.
"""


def boards(root: Path) -> dict[str, dict[str, Any]]:
    """What is said by hand of every board, by its name; none where there is no file."""
    return _read(root / DATA / 'boards.yml')


def measured(root: Path, board: str) -> dict[str, Any]:
    """The numbers of a board; empty where none were written yet."""
    return _read(root / DATA / f'{board}.yml')


def page(files: Iterable[Metafile], root: Path) -> str:
    """``docs/leaderboard.md``."""
    pages = {path.stem: path.read_text(encoding='utf-8') for path in sorted((root / 'docs' / 'methods').glob('*.md'))}
    models = {
        model['Name']: (model, collection, page_about(collection, file.folder.name, pages))
        for file in files
        for collection in file.collections
        for model in file.models
        if model['In Collection'] == collection['Name']
    }
    source = DATA.relative_to('docs').as_posix()
    lines = ['---\nhide-toc: true\n---\n', NOTE.format(source=source).replace('metafile', 'data'), '# Leaderboard\n']
    lines += [LEGEND]
    for name, about in boards(root).items():
        lines += [
            f'## {about["title"]}\n',
            f'{str(about["text"]).strip()}\n',
            *_board(about, measured(root, name), models),
        ]
    return '\n'.join([*lines, ADD]).rstrip() + '\n'


def _board(about: Mapping[str, Any], found: Mapping[str, Any], models: Mapping[str, tuple]) -> list[str]:
    """One table."""
    rows = found.get('rows') or {}
    if not rows:
        return ['Nothing has been measured yet.\n']
    against = found.get('against')
    title = described(about, against, rows.get(against, {}), models)['name'] if against else ''
    body = [(row['scores'].get(SORTED_BY), _row(name, row, about, found, models)) for name, row in rows.items()]
    body += [(row.get(SORTED_BY), _reference(name, row)) for name, row in (found.get('references') or {}).items()]
    body.sort(key=lambda one: -_mean(one[0]))
    head = [name.format(against=title) for name in HEAD]
    kept = [column for column, name in enumerate(head) if name not in set(SCORES) - set(about['scores'])]
    lines = [[row[column] for column in kept] for _, row in body]
    return table([head[column] for column in kept], lines, numbers=range(1, len(kept) - 1))


def described(
    about: Mapping[str, Any], name: str, row: Mapping[str, Any], models: Mapping[str, tuple]
) -> dict[str, Any]:
    """What the board says of a row; of one it does not name, the method of its config."""
    said = dict((about.get('rows') or {}).get(name) or {})
    said.setdefault('config', row.get('config'))
    method = models[said['config']][1]['Name'] if said['config'] in models else None
    same = method and method.lower().replace(' ', '-') == name
    said.setdefault('name', method if same else f'{method} ({name})' if method else name)
    return said


def _row(name: str, row: Mapping, about: Mapping, found: Mapping, models: Mapping[str, tuple]) -> list[str]:
    said = described(about, name, row, models)
    model, _, told = models.get(said['config'], (None, None, None))
    text = f'[{said["name"]}](methods/{told}.md)' if told else said['name']
    if said.get('reference'):
        text = f'*{text}* ({said["reference"]})'
    epochs = ' + '.join(str(phase[0]) for phase in said.get('training') or ())
    cost = cost_of(
        row, said, found['rows'].get(found.get('against')), (about.get('rows') or {}).get(found.get('against'))
    )
    cells = [text, epochs, str(len(row['seeds']))]
    cells += [over_seeds(row['scores'].get(score) or ()) for score in SCORES]
    cells += ['' if cost is None else f'{cost:.2f}', *_less(row.get('less') or {})]
    return [*cells, f'[config](../{model["Config"]})' if model else '']


def _reference(name: str, scores: Mapping[str, float]) -> list[str]:
    """A row of one number each, which nobody has trained."""
    cells = [f'{scores[score]:.1f}' if score in scores else '' for score in SCORES]
    return [f'*{name}*', '', '', *cells, '', '', '', '']


def cost_of(row: Mapping, said: Mapping, base: Mapping | None, of_base: Mapping | None) -> float | None:
    """Training of a row, that of the row all are compared with = 1: epochs by what a step costs, else CPU seconds."""
    if said.get('training') and (of_base or {}).get('training'):
        return _steps(said['training']) / _steps(of_base['training'])
    if row.get('seconds') and (base or {}).get('seconds'):
        return _mean(row['seconds']) / _mean(base['seconds'])
    return None


def _steps(training: Iterable[Iterable[float]]) -> float:
    return sum(epochs * step for epochs, step in training)


def _less(less: Mapping[str, Any]) -> Iterator[str]:
    """What a row gains over images and over seeds, with the marks of the legend."""
    images, seeds = less.get('images'), less.get('seeds')
    if images:
        mark = _sign(images['gain']) if images['holm'] < LEVEL else ''
        yield f'{images["gain"]:+.1f} ({images["low"]:+.1f} to {images["high"]:+.1f}) {mark}'.strip()
    else:
        yield ''
    if seeds:
        agree = len(seeds['gains']) > 2 and seeds['sign']
        mark = _sign(seeds['sign']) * (2 if seeds['holm'] is not None and seeds['holm'] < LEVEL else 1) if agree else ''
        each = f' ({", ".join(f"{gain:+.1f}" for gain in seeds["gains"])})' if len(seeds['gains']) > 1 else ''
        yield f'{_mean(seeds["gains"]):+.1f}{each} {mark}'.strip()
    else:
        yield ''


def _sign(value: float) -> str:
    return '▲' if value > 0 else '▼'


def _mean(values: Any) -> float:
    """Of a list that may have gaps, or of a number; nothing is less than everything."""
    known = [value for value in (values if isinstance(values, list) else [values]) if value is not None]
    return sum(known) / len(known) if known else float('-inf')


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding='utf-8')) if path.is_file() else {}
