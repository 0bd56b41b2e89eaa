"""Start-up cost of the tools and of importing the package, in units of `import torch`.

python benchmarks/startup.py [--rounds 5] [--only first]

CPU seconds of whole processes, both sides interleaved in every round, one thread; the median ratio counts.
Exits with 1 where a limit is passed.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

REPO = Path(__file__).resolve().parents[1]
ENV = os.environ | {'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
HELP, IMPORT, ENTRY, FIRST = 0.2, 1.1, 1.2, 1.8

STOP = """
import os
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class StopHook(Hook):
    def after_train_iter(self, *args, **kwargs):
        os._exit(0)

    after_test_iter = after_train_iter
"""
DEMO = """
_base_ = '{repo}/configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py'
custom_imports = dict(imports=['stop_hook'])
custom_hooks = [dict(type='StopHook')]
scenes = dict(count=24, cache='disk')
train_dataloader = dict(batch_size=2, num_workers=0, dataset=scenes)
val_dataloader = dict(batch_size=2, num_workers=0, dataset=scenes)
test_dataloader = dict(batch_size=2, num_workers=0, dataset=scenes)
test_cfg = dict(type='TestLoop')
"""


def cpu_seconds(*arguments: str) -> float:
    """User and system time of one Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=ENV, capture_output=True, cwd=REPO)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_steps(folder: Path) -> dict[str, tuple[float, tuple[str, ...]]]:
    """A training up to the end of its first iteration, and a test up to its first images, of the demo's network."""
    import torch

    sys.path.insert(0, str(REPO))
    from wsolzoo.run.launch import load_config
    from wsolzoo.testing import build_model

    (folder / 'stop_hook.py').write_text(STOP)
    (folder / 'demo.py').write_text(DEMO.format(repo=REPO))
    torch.save(build_model(load_config(str(folder / 'demo.py'))).state_dict(), folder / 'weights.pth')
    common = (str(folder / 'demo.py'), '--work-dir', str(folder / 'run'))
    return {
        'first training iteration': (FIRST, (str(REPO / 'tools/train.py'), *common)),
        'first test images': (
            FIRST,
            (str(REPO / 'tools/test.py'), common[0], str(folder / 'weights.pth'), *common[1:]),
        ),
    }


def subjects(folder: Path) -> dict[str, tuple[float, tuple[str, ...]]]:
    """What is measured: its name, its limit, and the process that does it."""
    tools = sorted(p for p in (REPO / 'tools').rglob('*.py') if "__name__ == '__main__'" in p.read_text())
    found = first_steps(folder)
    found |= {f'{tool.relative_to(REPO)} --help': (HELP, (str(tool), '--help')) for tool in tools}
    found['wsolzoo --help'] = (HELP, ('-c', 'from wsolzoo.cli import main; main(["--help"])'))
    found['import wsolzoo'] = (IMPORT, ('-c', 'import wsolzoo'))
    found['import wsolzoo, wsolzoo.registry'] = (IMPORT, ('-c', 'import wsolzoo, wsolzoo.registry'))
    found['tools/train.py, refusing a missing config'] = (ENTRY, (str(REPO / 'tools/train.py'), 'no_such_config.py'))
    return found


def main() -> int:
    """Measure and print; returns 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--only', default='', help='measure what has this in its name')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        todo = {name: subject for name, subject in subjects(Path(folder)).items() if args.only in name}
        return measure(todo, args.rounds)


def measure(todo: dict[str, tuple[float, tuple[str, ...]]], rounds: int) -> int:
    """Run everything in turns and print the median ratios; returns 1 where a limit is passed."""
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
