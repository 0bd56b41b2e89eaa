"""Search for hyper-parameters on the validation split: draw, train, prune, and keep a ledger (docs/search.md).

    python tools/search.py CONFIG SPACE --trials 30

SPACE is a YAML file of places in the config and of what may stand there. The same command in another terminal joins the
search, and after a kill it goes on where it was.
"""

import argparse
import subprocess
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('space', help='file of what is searched, such as configs/cam/search_space.yml')
    parser.add_argument('--trials', type=int, default=30, help='of the whole study, by all processes (default: 30)')
    parser.add_argument('--workers', type=int, default=1, help='processes to start (default: 1)')
    parser.add_argument('--metric', metavar='KEY', help="what is maximised (default: save_best's, else MaxBoxAccV2)")
    parser.add_argument('--minimize', action='store_true', help='the smaller, the better')
    parser.add_argument('--sampler', choices=['random', 'tpe'], default='random', help='who draws (default: random)')
    parser.add_argument('--no-pruning', action='store_true', help='train every trial to its end')
    parser.add_argument('--epochs', type=int, help="end each trial after so many epochs of the config's schedule")
    parser.add_argument('--seed', type=int, help="of draws and trainings (default: the config's, else 0)")
    parser.add_argument('--work-dir', help='where everything goes (default: work_dirs/search/<config name>)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='overrides of every trial')
    return parser.parse_args(argv)


def start_others(count: int, argv: list[str]) -> list[subprocess.Popen]:
    """The same command in other processes, each a worker of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), *argv, '--workers', '1']
    return [subprocess.Popen(command) for _ in range(count)]


def main(argv: list[str] | None = None) -> int:
    """Search; returns the exit status: 2 where something is to be put right first, 1 where the search was cut off."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    from wsolzoo.run import launch
    from wsolzoo.run.search.opening import open_search

    try:
        worker = open_search(args)
        others = start_others(args.workers - 1, argv)
        try:
            worker.work(args.trials)
        finally:
            for other in others:
                other.wait()
        worker.work(args.trials)  # what a process that was killed left behind
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except (KeyboardInterrupt, MemoryError, OSError, RuntimeError) as error:
        from wsolzoo.engine.crash import cause_of

        reason = cause_of(error, 'the search')
        if reason is None:
            raise
        print(f'\n{reason} The same command goes on where this one stopped.', file=sys.stderr)
        return 1
    print(f'ledger: {worker.study.folder / "ledger.html"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
