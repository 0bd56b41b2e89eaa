"""Start-up cost of the tools and of importing the package, in units of `import torch` (goal: --help 0.2, import 1.1).

python benchmarks/startup.py [--rounds 5]

CPU seconds of whole processes, both sides interleaved in every round, one thread; the median ratio counts.
Exits with 1 where a limit is passed.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

REPO = Path(__file__).resolve().parents[1]
ENV = os.environ | {'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
HELP, IMPORT, ENTRY = 0.2, 1.1, 1.2


def cpu_seconds(*arguments: str) -> float:
    """User and system time of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=ENV, capture_output=True, cwd=REPO)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def subjects() -> dict[str, tuple[float, tuple[str, ...]]]:
    """What is measured: its name, its limit, and the process that does it."""
    tools = sorted(p for p in (REPO / 'tools').rglob('*.py') if "__name__ == '__main__'" in p.read_text())
    found = {f'{tool.relative_to(REPO)} --help': (HELP, (str(tool), '--help')) for tool in tools}
    found['wsolzoo --help'] = (HELP, ('-c', 'from wsolzoo.cli import main; main(["--help"])'))
    found['import wsolzoo'] = (IMPORT, ('-c', 'import wsolzoo'))
    found['import wsolzoo, wsolzoo.registry'] = (IMPORT, ('-c', 'import wsolzoo, wsolzoo.registry'))
    found['tools/train.py, refusing a missing config'] = (ENTRY, (str(REPO / 'tools/train.py'), 'no_such_config.py'))
    return found


def main() -> int:
    """Measure and print; returns 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5)
    rounds = parser.parse_args().rounds
    todo = subjects()
    ratios: dict[str, list[float]] = {name: [] for name in todo}
    torch = []
    for number in range(rounds + 1):
        base = cpu_seconds('-c', 'import torch')
        times = {name: cpu_seconds(*command) for name, (_, command) in todo.items()}
        if number:  # the first round warms the file cache
            torch.append(base)
            for name, seconds in times.items():
                ratios[name].append(seconds / base)
    print(f'import torch: {median(torch):.2f} s CPU (median of {rounds})')
    failed = False
    for name, (limit, _) in todo.items():
        ratio = median(ratios[name])
        failed |= ratio > limit
        print(f'{ratio:6.2f}x  (limit {limit}){"  TOO SLOW" if ratio > limit else ""}  {name}')
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
