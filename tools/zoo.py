"""Look into the model zoo, and keep its books: metafiles, configs, and what is generated from them.

python tools/zoo.py list 'cam_*'        # names, data and results of the models, and whether weights are published
python tools/zoo.py download NAME       # fetch the weights of a model and print where they are
python tools/zoo.py check    # what CI runs: metafiles against configs, rules for configs, generated files up to date
python tools/zoo.py index    # write model-index.yml
python tools/zoo.py readme   # write configs/*/README.md, and under docs the tables of models, methods and combinations
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Look into the model zoo, and keep its books.')
    parser.add_argument('command', choices=['list', 'download', 'check', 'index', 'readme'])
    parser.add_argument('name', nargs='?', help='list: a pattern such as cam_*; download: the model')
    parser.add_argument(
        '--root', type=Path, default=Path(__file__).resolve().parents[1], help='the checkout (default: this one)'
    )
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


def generated(files: list, root: Path) -> dict[str, dict[Path, str]]:
    """The text every generated file should have, by the command that writes it."""
    from wsolzoo.zoo import combinations, methods_table, tables

    pages = {file.folder / 'README.md': tables.readme(file, root) for file in files}
    if (root / 'docs').is_dir():  # an installed package has none
        pages[root / 'docs' / 'model_zoo.md'] = tables.model_zoo(files)
        pages[root / 'docs' / 'methods' / 'all_methods.md'] = methods_table.page(files, root)
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


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 1 where something is wrong."""
    args = parse_args(argv)
    from wsolzoo.zoo.metafile import metafile_paths, read_metafile

    root = args.root.resolve()
    if args.command == 'download':
        return download(args.name)
    files = [read_metafile(path, root) for path in metafile_paths(root)]
    if args.command == 'list':
        return list_models(files, args.name or '*')
    problems = [error for file in files for error in file.errors]
    if not problems:  # what is generated, and the comparison with configs, need sound metafiles
        wanted = generated(files, root)
        if args.command == 'check':
            problems += problems_of_configs(root, files)
        for command, texts in wanted.items():
            for path, text in texts.items():
                current = path.read_text(encoding='utf-8') if path.is_file() else None
                if args.command == command:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding='utf-8')
                    print(f'{"kept" if text == current else "wrote"} {path.relative_to(root)}')
                elif args.command == 'check' and text != current and path.parent.is_dir():  # a wheel has no docs
                    problems.append(f'{path.relative_to(root)} is out of date: run `python tools/zoo.py {command}`')
    for problem in problems:
        print(problem, file=sys.stderr)
    if args.command == 'check':
        count = sum(len(file.models) for file in files)
        print(f'zoo: {len(files)} metafiles, {count} models, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
