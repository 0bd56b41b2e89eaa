"""Train a model from a config.

python tools/train.py configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py --work-dir work_dirs/demo
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Train a model from a config.')
    parser.add_argument('config', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/<config name>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='continue from CKPT; without a value, or with "auto", from the newest checkpoint of the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (float16 on a GPU, bfloat16 on a CPU)')
    parser.add_argument('--fast', action='store_true', help='time bfloat16 and channels-last, train with the fastest')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate to the real batch size')
    parser.add_argument('--seed', type=int, help='seed of every random generator')
    parser.add_argument('--deterministic', action='store_true', help='choose deterministic algorithms, slower')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Train; returns the exit status: 2 where something is to be put right first, 1 where the run was cut off."""
    args = parse_args(argv)
    from wsolzoo.run import launch, processes

    work_dir = args.work_dir or '.'
    try:
        cfg = launch.load_config(args.config, args.cfg_options)
        launch.set_work_dir(cfg, args.work_dir)
        work_dir = cfg.work_dir
        launch.set_randomness(cfg, args.seed, args.deterministic)
        launch.set_resume(cfg, args.resume)
        if args.amp:
            launch.set_amp(cfg)
        if args.fast:
            cfg.accelerate = 'auto'
        if args.auto_scale_lr:
            launch.set_auto_scale_lr(cfg)
        processes.set_launcher(cfg, args.launcher)
        launch.check(cfg, args.cfg_options)
        launch.build_runner(cfg).train()
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except (KeyboardInterrupt, MemoryError, OSError, RuntimeError) as error:
        reason = launch.explain_crash(error, work_dir)
        if reason is None:
            raise
        print(f'\n{reason}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
