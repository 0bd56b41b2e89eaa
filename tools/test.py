"""Test a checkpoint: print a table of what it reaches, and optionally keep the numbers and pictures.

python tools/test.py cam/cam_plainnet_1xb32-15e_scenes-96px.py work_dirs/demo/epoch_15.pth --out metrics.json
python tools/test.py cam_plainnet_1xb32-15e_scenes-96px    # the weights that the zoo publishes
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Test a checkpoint.')
    parser.add_argument('config', help='config file, the name of a shipped one (cam/x.py), or of a model of the zoo')
    parser.add_argument(
        'checkpoint', nargs='?', help="weights (default: the config's load_from, then those the zoo publishes for it)"
    )
    parser.add_argument('--allow-partial', action='store_true', help='test a checkpoint that fits only in part')
    parser.add_argument(
        '--pseudo-boxes', metavar='SOURCE=FILE', help='choose thresholds on these boxes instead of true ones'
    )
    parser.add_argument('--work-dir', help='where the log goes (default: work_dirs/<config name>)')
    parser.add_argument(
        '--out', metavar='FILE', help='write numbers, curves and a record per image (json, yaml or pkl)'
    )
    parser.add_argument('--show-dir', metavar='DIR', help='write pictures: map over image, true and predicted boxes')
    parser.add_argument('--seed', type=int, help='seed of every random generator')
    parser.add_argument('--deterministic', action='store_true', help='choose deterministic algorithms, slower')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Test; returns the exit status: 2 where the message says what to put right, 1 where it was stopped."""
    args = parse_args(argv)
    from wsolzoo.run import launch, processes

    try:
        cfg = launch.load_config(config_of_model(args.config), args.cfg_options)
        launch.set_work_dir(cfg, args.work_dir)
        launch.set_randomness(cfg, args.seed, args.deterministic)
        launch.set_checkpoint(cfg, args.checkpoint or cfg.get('load_from') or published_weights(cfg))
        if args.allow_partial:
            cfg.allow_partial_weights = True
        launch.set_report(cfg, args.show_dir)
        launch.set_pseudo_boxes(cfg, args.pseudo_boxes)
        processes.set_launcher(cfg, args.launcher)
        launch.check(cfg, args.cfg_options)
        runner = launch.build_runner(cfg, training=False)
        scores = runner.test()
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\nStopped by Ctrl-C.', file=sys.stderr)
        return 1
    if args.out and runner.rank == 0:
        launch.write_result(args.out, runner, scores)
        print(f'results  {args.out}')
    return 0


def config_of_model(name: str) -> str:
    """The config of a model of the zoo; ``name`` itself where it is a config."""
    if name.endswith('.py'):
        return name
    from wsolzoo.apis.zoo_models import list_models, model_entry  # takes a while

    return model_entry(name)['Config'] if name in list_models() else name


def published_weights(cfg) -> str | None:
    """What the zoo publishes for a config, and says so; ``None`` where it publishes nothing."""
    from wsolzoo.apis.zoo_models import NoWeightsError, find_model

    try:
        _, weights = find_model(cfg.filename)
    except NoWeightsError:
        return None
    print(f'weights  {weights} (published by the zoo for this config)')
    return weights


if __name__ == '__main__':
    sys.exit(main())
