"""What each switch for speed is worth: training steps of a config with and without it, taken in turns.

python benchmarks/training.py --config cam/cam_resnet50_1xb32-50e_cub-224px.py --size 224 --batch-size 32

Prints the median time of a step (CPU time where one thread computes), its ratio to the plain step (below 1 is faster),
and by how much the loss differs. Images are random and on the device already, so loading (``benchmarks/loading.py``)
takes no part.

python benchmarks/training.py --methods

What each method costs: a training step of every config for the built-in scenes, as a ratio to plain classification
(CAM) in time and in multiply-adds, and the map and class scores of as many images, as a ratio to the class scores of a
CAM. A method that needs much more time than its multiply-adds say wastes it.
"""

import argparse
import logging
import os
import platform
import statistics
import time
from pathlib import Path

AMP = 'amp'
COMPILE = 'compile'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Measure the switches that speed up training.')
    parser.add_argument('--config', default='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
    parser.add_argument('--size', type=int, default=96, help='side of the images in pixels')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--steps', type=int, default=10, help='steps measured of each')
    parser.add_argument('--warmup', type=int, default=3, help='steps before, which compile and choose kernels')
    parser.add_argument(
        '--only',
        nargs='+',
        metavar='SWITCH',
        help='plain, channels-last, bf16, amp (float16 with loss scaling, on a GPU), compile, joined by "+"; '
        'default: what accelerate="auto" times here',
    )
    parser.add_argument('--methods', nargs='*', metavar='NAME', help='compare methods (default: all) with CAM instead')
    parser.add_argument('--device', help='default: the first GPU, else the CPU')
    return parser.parse_args(argv)


def prepared(name: str, model, optimizer):
    """Turn on every switch of ``name``; returns the optimizer's wrapper."""
    from mmengine.optim import AmpOptimWrapper, OptimWrapper

    from wsolzoo.engine.hooks.accelerate import backbone_of, switch_on

    if COMPILE in name.split('+'):
        backbone_of(model).compile(dynamic=False)
    kind = AmpOptimWrapper if AMP in name.split('+') else OptimWrapper
    return switch_on(name, model, kind(optimizer))


def processor() -> str:
    """The name of the CPU, as Linux tells it."""
    told = Path('/proc/cpuinfo')
    lines = told.read_text().splitlines() if told.is_file() else []
    return next((line.partition(': ')[2] for line in lines if line.startswith('model name')), platform.processor())


def where(device: str) -> str:
    """The device in words."""
    import torch

    from wsolzoo.engine.optim.amp import has_bfloat16

    if device != 'cpu':
        return torch.cuda.get_device_name()
    bf16 = f'{"with" if has_bfloat16() else "without"} bf16 instructions'
    return f'{processor()} {bf16}, {torch.get_num_threads()} of {os.cpu_count()} cores'


def stepper(config: str, args: argparse.Namespace, device: str):
    """Functions that take one training step of a config and that ask it for maps, and the multiply-adds of one step."""
    import copy

    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from wsolzoo.run import launch
    from wsolzoo.testing import build_model, tiny_batch

    torch.manual_seed(0)
    model = build_model(launch.load_config(config)).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    batch = tiny_batch(model, args.size, args.batch_size)
    batch['inputs'] = [image.to(device) for image in batch['inputs']]
    for index, sample in enumerate(batch['data_samples']):
        sample.gt_label = index // 2 % model.head.num_classes  # two images a class, for methods that compare them

    def step() -> None:
        scalars = model(**model.data_preprocessor(batch, training=True), mode='loss')
        optimizer.zero_grad()
        model.parse_losses(scalars)[0].backward()
        optimizer.step()

    asked = copy.deepcopy(model).eval()

    @torch.no_grad()
    def ask() -> None:
        asked(**asked.data_preprocessor(batch, training=False), mode='predict')

    with FlopCounterMode(display=False) as counter:
        step()
    return step, ask, counter.get_total_flops() / 2


def classifier(args: argparse.Namespace, device: str):
    """A function that asks a CAM for class scores alone."""
    import torch

    from wsolzoo.run import launch
    from wsolzoo.testing import build_model, tiny_batch

    model = build_model(launch.load_config('cam/cam_plainnet_1xb32-15e_scenes-96px.py')).to(device).eval()
    batch = tiny_batch(model, args.size, args.batch_size)
    batch['inputs'] = [image.to(device) for image in batch['inputs']]

    @torch.no_grad()
    def ask() -> None:
        model.look(model.data_preprocessor(batch, training=False)['inputs'])

    return ask


def seconds(step, device: str) -> float:
    """Time of one step: of the processor where it computes on one thread, else on the clock."""
    import torch

    clock = time.process_time if device == 'cpu' and torch.get_num_threads() == 1 else time.perf_counter
    begin = clock()
    step()
    if device != 'cpu':
        torch.cuda.synchronize()
    return clock() - begin


def compare_methods(args: argparse.Namespace, device: str) -> str:
    """A table of all methods; their steps are taken in turns, so that a busy machine is busy for all of them."""
    leaves = methods()
    if unknown := set(args.methods) - set(leaves):
        raise SystemExit(f'--methods: no {", ".join(sorted(unknown))}; there are {", ".join(sorted(leaves))}')
    names = ['cam', *(name for name in leaves if name != 'cam' and (not args.methods or name in args.methods))]
    parts = {name: stepper(str(leaves[name]), args, device) for name in names}
    plain, times, answers = classifier(args, device), {name: [] for name in names}, {name: [] for name in names}
    for number in range(args.warmup + args.steps):
        base = seconds(plain, device)
        for name in names:
            spent, asked = (seconds(work, device) for work in parts[name][:2])
            if number >= args.warmup:
                times[name].append(spent)
                answers[name].append(asked / base)
    base, work = times['cam'], parts['cam'][2]
    head = ['method', 'ms a step', 'ratio to CAM', 'its middle half', 'multiply-adds, ratio', 'time over multiply-adds']
    lines = ['| ' + ' | '.join([*head, 'map and scores over scores']) + ' |', '|---|' + '---:|' * 6]
    for name in names:
        ratios = sorted(one / other for one, other in zip(times[name], base, strict=True))
        ratio, more = statistics.median(ratios), parts[name][2] / work
        middle = f'{ratios[len(ratios) // 4]:.2f} - {ratios[-1 - len(ratios) // 4]:.2f}'
        spent, asked = f'{1000 * statistics.median(times[name]):.0f}', statistics.median(answers[name])
        lines.append(f'| {name} | {spent} | {ratio:.2f} | {middle} | {more:.2f} | {ratio / more:.2f} | {asked:.2f} |')
    return '\n'.join(lines)


def methods() -> dict[str, Path]:
    """The configs for the built-in scenes that train a localizer, by name: that of the method, and of its variant."""
    import re

    root = Path(__file__).resolve().parents[1]
    found = {}
    for path in sorted((root / 'configs').glob('*/*_1xb32-*_scenes-96px.py')):
        match = re.match(r'([a-z0-9-]+)_(?:cam-)?plain(?:net|vit|cait)(-[a-z0-9-]+)?_', path.stem)
        if match:
            found[match[1] + (match[2] or '')] = path
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    args = parse_args(argv)
    import torch

    from wsolzoo.engine.hooks.accelerate import ALLOWED, offered
    from wsolzoo.engine.hooks.trial import run_trials, table
    from wsolzoo.run import launch
    from wsolzoo.testing import build_model, tiny_batch

    launch.prepare_environment()
    cfg = launch.load_config(args.config)
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    torch.manual_seed(0)
    logging.disable(logging.INFO)  # how every weight was initialised
    if args.methods is not None:
        print(f'{args.batch_size} images of {args.size} px, {where(device)}, torch {torch.__version__}')
        print(compare_methods(args, device))
        return 0
    model = build_model(cfg).to(device)
    batch = tiny_batch(model, args.size, args.batch_size)
    batch['inputs'] = [image.to(device) for image in batch['inputs']]
    names = dict.fromkeys(['plain', *(args.only or offered(model))])
    switches = {name: lambda *parts, name=name: prepared(name, *parts) for name in names}
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    trials = run_trials(model, optimizer, batch, switches, args.warmup, args.steps)
    print(f'{args.config}: {args.batch_size} images of {args.size} px, {where(device)}, torch {torch.__version__}')
    print(table(trials, ALLOWED))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
