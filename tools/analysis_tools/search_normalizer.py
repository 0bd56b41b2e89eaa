"""Choose the percentile of a map normaliser on the validation split and report it on the test split.

    python tools/analysis_tools/search_normalizer.py CONFIG CHECKPOINT [CHECKPOINT ...]

Percentile and threshold are chosen together, for GT-known localization on the split of role train-fullsup; the test
split sees the choice only. Several checkpoints are the seeds of one method, each with a choice of its own; the table
has mean and standard deviation. Its first row is the config's own normalisation of the same maps.
"""

import argparse
import contextlib
import json
import sys
from pathlib import Path

COLUMNS = ('GT-known', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one')
    parser.add_argument('checkpoints', nargs='+', metavar='CHECKPOINT', help='one or more seeds')
    parser.add_argument(
        '--normalizer', default='percentile', help='percentile (default), percentile_max, pas, ivr or another'
    )
    parser.add_argument(
        '--values',
        type=float,
        nargs='+',
        help='of its first argument (default: 90 95 98 99 99.5 100 of percentile, fractions of the three others)',
    )
    parser.add_argument(
        '--at-input', action='store_true', help="normalise after resizing, not at the network's resolution as BAS"
    )
    parser.add_argument('--out', metavar='FILE', help='write choices and numbers as json')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def evaluate(runner, loader: dict, protocols: list, chosen: dict | None = None):
    """The metric of some protocols over one split, after evaluation."""
    import torch
    from rich.console import Console
    from rich.progress import track

    from wsolzoo.engine.hooks.selection import guard_selection
    from wsolzoo.evaluation.metrics import LocalizationMetric

    loader = runner.build_dataloader(loader, seed=runner.seed)
    if chosen is None:
        guard_selection(runner, loader.dataset, 'percentile')
    metric = LocalizationMetric(protocols, report=['GTKnown'], chosen=chosen, per_image=False, bootstrap=0)
    metric.dataset_meta = getattr(loader.dataset, 'metainfo', None)
    for batch in track(loader, f'{len(loader.dataset)} images', console=Console(stderr=True), transient=True):
        with torch.no_grad():
            samples = runner.model.val_step(batch)
        metric.process(batch, [sample.to_dict() for sample in samples])
    metric.evaluate(len(loader.dataset))
    return metric


def numbers(result: dict, names: list[str]) -> dict[str, float]:
    """The columns of one row, gathered from its protocols."""
    entries = [result['protocols'][name] for name in names]
    row = {}
    for entry in entries:
        transferred = (entry.get('columns') or {}).get('transferred')
        row |= {'GT-known': transferred['GTKnown']} if transferred else {}
        row |= {key: entry[key] for key in ('MaxBoxAcc', 'MaxBoxAccV2', 'PxAP') if key in entry and key not in row}
    return row


def search(args: argparse.Namespace, checkpoint: str, grid) -> dict:
    """Choose on the validation split and report on the test split, for one checkpoint."""
    from wsolzoo.evaluation.localization.protocols import resolve
    from wsolzoo.run import launch

    cfg = launch.load_config(args.config, args.cfg_options)
    launch.set_work_dir(cfg, f'work_dirs/search_normalizer/{Path(checkpoint).parent.name}')
    launch.set_checkpoint(cfg, checkpoint)
    launch.check(cfg, args.cfg_options)
    runner = launch.build_runner(cfg, training=False)
    runner.call_hook('before_run')
    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the table
        runner.load_or_resume()
    runner.model.eval()
    bases = [resolve(spec) for spec in cfg.test_evaluator.protocols]
    lead = next((base for base in bases if not base.is_pixel), None)
    if lead is None:
        raise launch.UsageError('the normaliser is chosen for boxes, but test_evaluator has pixel protocols only')
    variants = [grid.variant(lead, value) for value in grid.values]
    validation = evaluate(runner, cfg.val_dataloader, [lead, *variants])
    best = grid.choose(lead, validation.result)
    chosen = [grid.variant(base, best) for base in bases]
    test = evaluate(runner, cfg.test_dataloader, [*bases, *chosen], validation.chosen)
    return {
        'checkpoint': checkpoint,
        'value': best,
        'validation': {f'{value:g}': grid.score(lead, value, validation.result) for value in grid.values},
        'validation of the config': validation.result['protocols'][lead.name]['columns']['oracle']['GTKnown'],
        'config': numbers(test.result, [base.name for base in bases]),
        'chosen': numbers(test.result, [protocol.name for protocol in chosen]),
    }


def table(found: list[dict], normalizer: str, argument: str) -> str:
    """Both rows in markdown, and below them what the validation split said."""
    from wsolzoo.evaluation.localization.tables import over_seeds

    columns = [name for name in COLUMNS if name in found[0]['config']]
    lines = [
        '| normalisation | chosen on validation | ' + ' | '.join(columns) + ' |',
        '|---|---|' + '---|' * len(columns),
    ]
    values = ', '.join(f'{run["value"]:g}' for run in found)
    for name, key, choice in (('as the config', 'config', ''), (normalizer, 'chosen', f'{argument} = {values}')):
        cells = [over_seeds([run[key][column] for run in found]) for column in columns]
        lines.append(f'| {name} | {choice} | ' + ' | '.join(cells) + ' |')
    searched = [*found[0]['validation']]
    lines += ['', f'| GT-known on validation | config | {" | ".join(searched)} |', '|---|---|' + '---|' * len(searched)]
    cells = [over_seeds([run['validation'][value] for run in found]) for value in searched]
    own = over_seeds([run['validation of the config'] for run in found])
    lines += [f'| {argument} | {own} | ' + ' | '.join(cells) + ' |']
    if any(f'{run["value"]:g}' == searched[0] for run in found):
        lines += [
            '',
            f'The choice lies at the first value, {argument} = {searched[0]}: try values beyond it (--values).',
        ]
    return '\n'.join([*lines, ''])


def main(argv: list[str] | None = None) -> int:
    """Search; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from wsolzoo.evaluation.localization.normalizer_search import NormalizerGrid
    from wsolzoo.run import launch

    try:
        launch.prepare_environment()
        try:
            grid = NormalizerGrid(args.normalizer, args.values or (), before_resize=not args.at_input)
        except ValueError as error:
            raise launch.UsageError(f'--normalizer: {error}') from None
        found = [search(args, checkpoint, grid) for checkpoint in args.checkpoints]
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(table(found, args.normalizer, grid.argument), end='')
    if args.out:
        Path(args.out).write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
