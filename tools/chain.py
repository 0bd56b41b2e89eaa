"""Run a pipeline of several phases: train what a config stands on, write its pseudo-labels, train the config, test it.

    python tools/chain.py psol/psol_plainnet_1xb32-6e_scenes-96px.py
    python tools/chain.py CONFIG --root work_dirs/seed1 --seed 1
    python tools/chain.py CONFIG --dry-run    # the commands, to run elsewhere or otherwise

What is finished is left alone and what was interrupted goes on, in whatever phase: run the same command again.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the last phase; its first_phase says what it stands on')
    parser.add_argument('--root', type=Path, default=Path('work_dirs'), help='folder of the work dirs of all phases')
    parser.add_argument('--seed', type=int, help='seed of every training')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override values of every config of the chain'
    )
    parser.add_argument('--dry-run', action='store_true', help='print the commands and leave')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit status of the step that failed: 2 where the message says what to put right."""
    args = parse_args(argv)
    from wsolzoo.run import launch
    from wsolzoo.run.chain import plan

    try:
        steps = plan(args.config, args.root, args.seed, args.cfg_options)
        for number, step in enumerate(steps, 1):
            if args.dry_run:
                print(shlex.join(step.command))
                continue
            done = step.done
            print(f'[{number}/{len(steps)}] {step.title}{": done" if done else ""}', flush=True)
            status = 0 if done else subprocess.run(step.command).returncode
            if status:
                return status
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\nStopped by Ctrl-C; the same command goes on from here.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
