"""What each switch for speed is worth: training steps of a config with and without it, taken in turns.

python benchmarks/training.py --config cam/cam_resnet50_1xb32-50e_cub-224px.py --size 224 --batch-size 32

Prints the median time of a step and its ratio to the plain step (below 1 is faster). Images are random and on the
device already, so loading (``benchmarks/loading.py``) takes no part.
"""

import argparse
import os
import statistics
import time
import types
from collections.abc import Callable

SWITCHES = {
    'plain': (),
    'amp': ('amp',),
    'channels-last': ('channels_last',),
    'compile': ('compile',),
    'amp + channels-last': ('amp', 'channels_last'),
    'all': ('amp', 'channels_last', 'compile'),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Measure the switches that speed up training.')
    parser.add_argument('--config', default='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
    parser.add_argument('--size', type=int, default=96, help='side of the images in pixels')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--steps', type=int, default=10, help='steps measured of each')
    parser.add_argument('--warmup', type=int, default=3, help='steps before, which compile and choose kernels')
    parser.add_argument('--only', nargs='+', choices=list(SWITCHES), default=list(SWITCHES))
    parser.add_argument('--device', help='default: the first GPU, else the CPU')
    return parser.parse_args(argv)


def prepared_step(cfg, switches: tuple[str, ...], batch: dict, device: str) -> Callable[[], None]:
    """One training step of a fresh model, as a function that waits for its end."""
    import torch

    from wsolzoo.engine.hooks.accelerate import ChannelsLastHook, CompileBackboneHook
    from wsolzoo.registry import OPTIM_WRAPPERS
    from wsolzoo.run import launch
    from wsolzoo.testing import build_model, scope

    torch.manual_seed(0)
    model = build_model(cfg).to(device).train()
    runner = types.SimpleNamespace(model=model)
    if 'channels_last' in switches:
        ChannelsLastHook().before_run(runner)
    if 'compile' in switches:
        CompileBackboneHook(dynamic=False).before_run(runner)
    own = type(cfg)(dict(optim_wrapper=dict(type='OptimWrapper')))
    if 'amp' in switches:
        launch.set_amp(own)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    with scope():
        wrapper = OPTIM_WRAPPERS.build(dict(own.optim_wrapper, optimizer=optimizer))

    def step() -> None:
        model.train_step(batch, wrapper)
        if device != 'cpu':
            torch.cuda.synchronize()

    return step


def measure(steps: dict[str, Callable[[], None]], warmup: int, count: int) -> dict[str, list[float]]:
    """Seconds of each step of each kind; kinds take turns, so that a busy machine slows all of them."""
    for step in steps.values():
        for _ in range(warmup):
            step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(count):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - began)
    return times


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    args = parse_args(argv)
    import torch

    from wsolzoo.run import launch
    from wsolzoo.testing import build_model, tiny_batch

    launch.prepare_environment()
    cfg = launch.load_config(args.config)
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    batch = tiny_batch(build_model(cfg), args.size, args.batch_size)
    batch['inputs'] = [image.to(device) for image in batch['inputs']]
    names = ['plain', *(name for name in args.only if name != 'plain')]
    steps = {name: prepared_step(cfg, SWITCHES[name], batch, device) for name in names}
    times = measure(steps, args.warmup, args.steps)
    where = (
        torch.cuda.get_device_name() if device != 'cpu' else f'CPU, {torch.get_num_threads()} of {os.cpu_count()} cores'
    )
    print(f'{args.config}: {args.batch_size} images of {args.size} px, {where}, torch {torch.__version__}')
    plain = statistics.median(times['plain'])
    for name, values in times.items():
        median = statistics.median(values)
        print(
            f'{name:<20} {1000 * median:9.1f} ms  ratio {median / plain:5.2f}  {args.batch_size / median:8.1f} images/s'
        )
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
