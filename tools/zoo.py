"""Look into the model zoo, make its numbers again, and keep its books.

python tools/zoo.py list 'cam_*'        # names, data and results of the models, and whether weights are published
python tools/zoo.py download NAME       # fetch the weights of a model and print where they are
python tools/zoo.py reproduce NAME …    # test published weights again, compare with what is recorded; --all for all
python tools/zoo.py reproduce NAME --train   # train them again first
python tools/zoo.py check    # what CI runs: metafiles against configs, rules for configs, generated files up to date
python tools/zoo.py index    # write model-index.yml
python tools/zoo.py readme   # write configs/*/README.md, and under docs the tables of models, methods and boards, …
python tools/zoo.py pack     # the large checkpoints as files of a release, with their SHA-256
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Look into the model zoo, make its numbers again, keep its books.')
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument('--root', type=Path, default=ROOT, help='the checkout (default: this one)')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    def command(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what, description=what, parents=[common])

    command('list', 'list models').add_argument('name', nargs='?', default='*', help='a pattern such as cam_*')
    command('download', 'fetch the weights of a model').add_argument('name', nargs='?', help='the model')
    command('check', 'look whether metafiles, configs and generated files are sound and agree')
    command('index', 'write model-index.yml')
    command('readme', 'write the generated pages')
    again = command('reproduce', 'run the commands that metafiles record and compare every number')
    again.add_argument('names', nargs='*', metavar='NAME', help='models, or patterns such as cam_*')
    again.add_argument('--all', action='store_true', help='every model with published weights or without any')
    again.add_argument('--train', action='store_true', help='train anew with the recorded commands, test that')
    again.add_argument('--jobs', type=int, default=len(os.sched_getaffinity(0)), help='at a time (default: one a core)')
    again.add_argument('--work-dir', type=Path, default=Path('work_dirs/reproduce'), help='where runs and results go')
    again.add_argument('--out', type=Path, metavar='FILE', help='write every number as JSON')
    pack = command('pack', 'write large checkpoints as files of a release')
    pack.add_argument('--out', type=Path, default=Path('release'), help='folder to write (default: release)')
    pack.add_argument(
        '--above', type=float, default=5.0, metavar='MB', help='those of the repository from this size on'
    )
    pack.add_argument('--files', type=Path, metavar='DIR', help='where the files of addresses are (default: downloads)')
    return parser.parse_args(argv)


def list_models(files: list, pattern: str) -> int:
    """Print a line for each model that matches a pattern; returns 1 where none does."""
    from fnmatch import fnmatch

    found = [model for file in files for model in file.models if fnmatch(model['Name'], pattern)]
    width = max((len(model['Name']) for model in found), default=0)
    for model in sorted(found, key=lambda model: model['Name']):
        results = [
            f'{name} {value}'
            for result in model.get('Results') or ()
            for name, value in (result.get('Metrics') or {}).items()
        ]
        weights = 'weights   ' if model.get('Weights') else 'no weights'
        data = (model.get('Metadata') or {}).get('Training Data', '')
        print(f'{model["Name"]:{width}}  {weights}  {data}  {", ".join(results[:2])}'.rstrip())
    if not found:
        print(f'no model matches {pattern!r}', file=sys.stderr)
    return 0 if found else 1


def download(name: str | None) -> int:
    """Print where the weights of a model are, fetched if they are not here yet; returns 2 where there are none."""
    from wsolzoo.apis.zoo_models import list_models, model_entry
    from wsolzoo.engine.weights.sources import fetch
    from wsolzoo.errors import UserError

    try:
        weights = model_entry(name or '').get('Weights')
        if weights is None:
            published = [other for other in list_models() if model_entry(other).get('Weights')]
            print(f'error: {name} has no published weights; these have: {", ".join(published)}', file=sys.stderr)
            return 2
        print(fetch(weights) if '://' in weights else weights)
    except (KeyError, FileNotFoundError, UserError) as error:
        print(f'error: {error.args[0]}', file=sys.stderr)
        return 2
    return 0


def reproduce(args: argparse.Namespace, files: list, root: Path) -> int:
    """Make models again and print a table; returns 1 where one fails and 2 where the names are wrong."""
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # cores are shared among jobs, not among threads
    from wsolzoo.errors import UserError
    from wsolzoo.run.reproduction import session
    from wsolzoo.run.reproduction.model import Reproduction

    folder = args.work_dir.resolve() / ('trained' if args.train else 'published')
    try:
        models = [
            Reproduction(entry, root, folder / entry['Name'], args.train, problems)
            for entry, problems in session.chosen(files, args.names, args.all)
        ]
        outcomes = session.run(models, max(1, args.jobs), args.out)
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\nStopped by Ctrl-C; the same command goes on from here.', file=sys.stderr)
        return 1
    return 1 if any(outcome.status == 'FAIL' for outcome in outcomes) else 0


def pack(args: argparse.Namespace, files: list, root: Path) -> int:
    """Write the files of a release; returns 1 where one of them is not here."""
    from wsolzoo.zoo import release

    found = release.pack(files, root, args.out, int(args.above * release.MB), args.files)
    for entry in found['files']:
        move = '; name its address in Weights and remove it from the repository' if entry['in_repository'] else ''
        print(f'{args.out / entry["file"]}  {entry["bytes"] / release.MB:.1f} MB{move}')
    for entry in found['missing']:
        print(f'error: {entry["expected"]} is not here, or not what {entry["name"]} names', file=sys.stderr)
    print(f'{len(found["files"])} files, {args.out / "manifest.json"}, {args.out / "SHA256SUMS"}')
    return 1 if found['missing'] else 0


def generated(files: list, root: Path) -> dict[str, dict[Path, str]]:
    """The text every generated file should have, by the command that writes it."""
    from wsolzoo.zoo import combinations, leaderboard, methods_table, published, tables

    pages = {file.folder / 'README.md': tables.readme(file, root) for file in files}
    if (root / 'docs').is_dir():  # an installed package has none
        pages[root / 'docs' / 'model_zoo.md'] = tables.model_zoo(files)
        pages[root / 'docs' / 'methods' / 'all_methods.md'] = methods_table.page(files, root)
        pages[root / 'docs' / 'leaderboard.md'] = leaderboard.page(files, root)
        pages[root / 'docs' / 'published.md'] = published.page(files, root)
        pages[root / 'docs' / 'combinations.md'] = combinations.page(
            combinations.parts(combinations.scenes_leaves(root))
        )
    return {'index': {root / 'model-index.yml': tables.model_index(files, root)}, 'readme': pages}


def problems_of_configs(root: Path, files: list) -> list[str]:
    """What the configs do against the rules, and where metafiles and configs disagree."""
    from wsolzoo.zoo import config_rules as rules

    problems = [problem for path in rules.base_paths(root) for problem in rules.check_file(path, root)]
    models = {root / model['Config']: (file, model) for file in files for model in file.models}
    for path in rules.leaf_paths(root):
        place = path.relative_to(root).as_posix()
        problems += rules.check_file(path, root)
        try:
            cfg = rules.load(path)
        except Exception as error:  # whatever a config does wrong is this config's problem, not the end of the check
            problems.append(f'{place}: cannot be read: {type(error).__name__}: {error}')
            continue
        problems += rules.check_said(path, cfg, place)
        if path in models:
            problems += rules.check_model(models[path][1], cfg, place)
        else:
            problems.append(f'{place}: no metafile lists this config')
    return problems


def books(command: str, files: list, root: Path) -> list[str]:
    """Write the generated files, or look whether they and everything else are sound; returns what is wrong."""
    problems: list[str] = []
    wanted = generated(files, root)
    if command == 'check':
        from wsolzoo.zoo import release

        problems += [*problems_of_configs(root, files), *release.problems(files, root)]
    for writer, texts in wanted.items():
        for path, text in texts.items():
            current = path.read_text(encoding='utf-8') if path.is_file() else None
            if command == writer:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding='utf-8')
                print(f'{"kept" if text == current else "wrote"} {path.relative_to(root)}')
            elif command == 'check' and text != current and path.parent.is_dir():  # a wheel has no docs
                problems.append(f'{path.relative_to(root)} is out of date: run `python tools/zoo.py {writer}`')
    return problems


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 1 where something is wrong."""
    args = parse_args(argv)
    from mmengine.logging import MMLogger

    from wsolzoo.zoo.metafile import metafile_paths, read_metafile

    MMLogger.get_current_instance().setLevel('WARNING')  # not a line for every config with a variable
    root = args.root.resolve()
    if args.command == 'download':
        return download(args.name)
    files = [read_metafile(path, root) for path in metafile_paths(root)]
    if args.command == 'list':
        return list_models(files, args.name)
    if args.command == 'reproduce':
        return reproduce(args, files, root)
    problems = [error for file in files for error in file.errors]
    if not problems:  # everything else needs sound metafiles
        if args.command == 'pack':
            return pack(args, files, root)
        problems = books(args.command, files, root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if args.command == 'check':
        count = sum(len(file.models) for file in files)
        print(f'zoo: {len(files)} metafiles, {count} models, {len(problems)} problems')
        if not problems:
            from wsolzoo.zoo import release

            size = sum(release.kept(files, root).values()) / release.MB
            print(f'{len(release.published(files))} with weights, {size:.1f} MB of {release.LIMIT / release.MB:g} here')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
