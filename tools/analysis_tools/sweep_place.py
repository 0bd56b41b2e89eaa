"""How much must an object's place tell before class averages help? The scenes answer: a curve over ``spread``.

    python tools/analysis_tools/sweep_place.py CONFIG --seeds 0 1 --out place.json    # trains; goes on where it stopped
    python tools/analysis_tools/sweep_place.py --draw place.json --figure place.svg

CONFIG is a late phase, with a ClassAverageHook and the ``first_phase`` that it starts from. For each spread of the
scenes, with mirrored animals and without, each seed trains the first phase once and from it the late phase twice: with
a weight of 0, and with that of the config (or ``--weight``). So both have one early phase and as many late epochs, and
only the term differs. Without mirrored animals no training image is mirrored and no average symmetrised. Thresholds of
GT-known come from the validation split. The curve is what the term adds: a line per kind of scene, a point per seed.
"""

import argparse
import itertools
import json
import statistics
import sys
from pathlib import Path

COLUMNS = {
    'GT-known': ('choe2020-v1', 'transferred', 'GTKnown'),
    'MaxBoxAccV2': ('choe2020-v2', 'oracle', 'MaxBoxAccV2'),
    'PxAP': ('choe2020-pxap', None, 'PxAP'),
}
FLIPS = {'on': True, 'off': False}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', help='the late phase, or the name of a shipped one')
    parser.add_argument('--spreads', type=float, nargs='+', default=[0, 1 / 3, 2 / 3, 1], metavar='SHARE')
    parser.add_argument('--flips', nargs='+', choices=list(FLIPS), default=list(FLIPS), help='mirrored animals')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='N')
    parser.add_argument('--weight', type=float, metavar='λ', help="of the term (default: the config's)")
    parser.add_argument('--work-dir', default='work_dirs/place', help='a folder per run')
    parser.add_argument('--out', default='place.json', metavar='FILE', help='what the runs reached')
    parser.add_argument('--draw', nargs='+', metavar='FILE', help='train nothing: tables and curve of these')
    parser.add_argument('--figure', metavar='FILE', help='the curve (svg, png)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    args = parser.parse_args(argv)
    if (args.config is None) == (args.draw is None):
        parser.error('give a config to train, or --draw FILE')
    return args


def prepared(args: argparse.Namespace, name: str, spread: float, flip: bool, seed: int, folder: Path):
    """The config ``name`` for one kind of scene and one seed."""
    from wsolzoo.run import launch

    cfg = launch.load_config(name, args.cfg_options)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.scene = {**loader.dataset.get('scene', {}), 'spread': spread, 'flip': flip}
    if not flip:
        pipeline = cfg.train_dataloader.dataset.pipeline
        cfg.train_dataloader.dataset.pipeline = [step for step in pipeline if step['type'] != 'RandomFlip']
        for hook in cfg.custom_hooks:
            if hook['type'] == 'ClassAverageHook':
                hook.symmetrise = False
    cfg.train_cfg.val_interval = cfg.train_cfg.max_epochs + 1
    launch.set_work_dir(cfg, str(folder))
    launch.set_randomness(cfg, seed, False)
    return cfg


def first_of(args: argparse.Namespace) -> str:
    """The config that the late phase starts from.

    Raises:
        UsageError: the config is no late phase of class averages.
    """
    from wsolzoo.run import launch

    cfg = launch.load_config(args.config, args.cfg_options)
    if 'ClassAverageHook' not in [hook['type'] for hook in cfg.get('custom_hooks', [])] or not cfg.get('first_phase'):
        raise launch.UsageError(
            f'{args.config} needs a ClassAverageHook and a first_phase, as '
            'class_average/class-average_plainnet-crops_1xb32-2e_scenes-96px.py has them'
        )
    return cfg.first_phase.config


def train(cfg, args: argparse.Namespace) -> Path:
    """Train one config, unless or as far as its folder says that this is done; returns the last checkpoint."""
    from wsolzoo.run import launch

    last = Path(cfg.work_dir) / f'epoch_{cfg.train_cfg.max_epochs}.pth'
    if not last.is_file():
        if any(last.parent.glob('epoch_*.pth')):
            launch.set_resume(cfg, 'auto')
        launch.check(cfg, args.cfg_options)
        launch.build_runner(cfg).train()
    return last


def late(cfg, args: argparse.Namespace, early: Path, weight: float | None) -> dict[str, float]:
    """Train the late phase from ``early`` and test it; ``weight=None`` keeps the config's."""
    from wsolzoo.run import launch

    report = Path(cfg.work_dir) / 'metrics.json'
    if not report.is_file():
        cfg.load_from = str(early)
        if weight is not None:
            next(loss for loss in cfg.model.losses if loss['type'] == 'ClassAverageLoss').loss_weight = weight
        tested = cfg.copy()
        launch.set_checkpoint(tested, str(train(cfg, args)))
        launch.set_report(tested, None)
        launch.check(tested, args.cfg_options)
        launch.build_runner(tested, training=False).test()
    return columns(json.loads(report.read_text(encoding='utf-8')))


def columns(metrics: dict) -> dict[str, float]:
    """The columns of a run's ``metrics.json``."""
    out = {}
    for name, (protocol, policy, key) in COLUMNS.items():
        entry = metrics['protocols'][protocol]
        out[name] = (entry['columns'][policy] if policy else entry)[key]
    return out


def sweep(args: argparse.Namespace) -> list[dict]:
    """Every run, the JSON written after each."""
    rows, first = [], first_of(args)
    for seed, spread, flips in itertools.product(args.seeds, args.spreads, args.flips):
        folder = Path(args.work_dir) / f'spread{spread:.2f}_flips-{flips}_s{seed}'
        where = spread, FLIPS[flips], seed
        early = train(prepared(args, first, *where, folder / 'early'), args)
        row = {'spread': round(spread, 4), 'flips': flips, 'seed': seed}
        term = 'with' if args.weight is None else f'with_{args.weight:g}'
        for name, place, weight in (('without', 'without', 0.0), ('with', term, args.weight)):
            row[name] = late(prepared(args, args.config, *where, folder / place), args, early, weight)
        rows.append(row)
        Path(args.out).write_text(json.dumps(rows, indent=1) + '\n', encoding='utf-8')
    return rows


def gains(rows: list[dict], flips: str, name: str) -> dict[float, list[float]]:
    """What the term adds at each spread, a number per seed."""
    out: dict[float, list[float]] = {}
    for row in sorted(rows, key=lambda row: (row['spread'], row['seed'])):
        if row['flips'] == flips:
            out.setdefault(row['spread'], []).append(row['with'][name] - row['without'][name])
    return out


def table(rows: list[dict]) -> str:
    """Means over seeds without and with the term, and the difference of each seed, in markdown."""
    lines = ['| spread | flips | ' + ' | '.join(f'{name}: without, with | difference' for name in COLUMNS) + ' |']
    lines.append('|---|---|' + '---|---|' * len(COLUMNS))
    for flips in FLIPS:
        for spread in gains(rows, flips, 'PxAP'):
            here = [row for row in rows if (row['flips'], row['spread']) == (flips, spread)]
            cells = []
            for name in COLUMNS:
                both = (statistics.fmean(row[kind][name] for row in here) for kind in ('without', 'with'))
                each = ', '.join(f'{gain:+.1f}' for gain in gains(rows, flips, name)[spread])
                cells += [', '.join(f'{mean:.1f}' for mean in both), each]
            lines.append(f'| {spread:.2f} | {flips} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def draw(rows: list[dict], path: str) -> None:
    """The curve: one panel per column, a line (mean) and points (seeds) for each kind of scene."""
    import matplotlib

    matplotlib.use('Agg')
    matplotlib.rcParams['svg.hashsalt'] = 'place'  # the same picture gives the same file
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(COLUMNS), figsize=(10, 3.2), layout='constrained')
    for panel, name in zip(panels, COLUMNS, strict=True):
        panel.axhline(0, color='0.6', linewidth=0.8)
        for flips, colour, shift in (('on', '#1f77b4', -0.008), ('off', '#d95f02', 0.008)):
            found = gains(rows, flips, name)
            if not found:
                continue
            label = 'both ways, mirrored in training' if flips == 'on' else 'one way, never mirrored'
            panel.plot(list(found), [statistics.fmean(each) for each in found.values()], color=colour, label=label)
            points = [(spread + shift, gain) for spread, each in found.items() for gain in each]
            panel.plot(*zip(*points, strict=True), 'o', color=colour, markersize=4, alpha=0.7)
        panel.set_title(name, fontsize=10)
        panel.set_xlabel('spread: 0 place tells most, 1 nothing', fontsize=9)
    panels[0].set_ylabel('with less without, points')
    panels[0].legend(fontsize=8, frameon=False)
    metadata = {'Date': None} if path.endswith('.svg') else None
    figure.savefig(path, dpi=110, metadata=metadata)


def main(argv: list[str] | None = None) -> int:
    """Train or draw; returns the exit status: 0, 2 where something is to be put right first, 1 where it was stopped."""
    args = parse_args(argv)
    try:
        if args.draw:
            rows = [row for path in args.draw for row in json.loads(Path(path).read_text(encoding='utf-8'))]
        else:
            from wsolzoo.run import launch

            launch.prepare_environment()
            try:
                rows = sweep(args)
            except launch.EXPLAINED as error:
                print(f'error: {error}', file=sys.stderr)
                return 2
        print(table(rows), end='')
        if args.figure:
            draw(rows, args.figure)
    except FileNotFoundError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\nStopped by Ctrl-C; the same command goes on where it stopped.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
