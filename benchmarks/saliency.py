"""What makes a saliency FCN faster, each change a row: padding, cheaper fc6, width plans, layout, precision, compiling.

    python benchmarks/saliency.py                    # networks of full width on one image of 384 px, random weights
    python benchmarks/saliency.py --model tight CONFIG CHECKPOINT --model atrous CONFIG CHECKPOINT

With --model the rows are trained networks, judged in every row on the test split of their config; else they have random
weights. The base of all ratios is the first network, FCN-8s with padding 1 ("tight"), made of torch's own pools and
transposed convolutions; below it the same network as the zoo computes it. Predictions of all rows are taken in turns in
one process. A ratio is how many times faster a row is than the base in plain float32 in the same round: median, lowest
and highest. With --model it fails where G10 is missed: some network is 1.5 times as fast in plain float32, and one 2
times with channels-last, at no loss of F-measure.
"""

import argparse
import copy
import logging
import os
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from wsolzoo.engine.optim.amp import has_bfloat16
from wsolzoo.methods.fcn_saliency import WIDTHS, Enlarge, FCN8s

PLAIN = 'float32'
GOALS = {PLAIN: 1.5, 'channels-last': 2.0}
METRIC = 'saliency/maxF'
CHEAP = {'mid_channels': (1024, 1024)}
NETWORKS = {
    'tight': {},
    'reference': {'form': 'reference'},
    'half fc6 (plan f)': {'mid_channels': (2048, 4096)},
    'half fc6, fc7 (plan h)': {'mid_channels': (2048, 2048)},
    'half conv5 (plan e)': {'widths': {n: c // 2 for n, c in WIDTHS.items() if n.startswith('conv5')}},
    'all halved (plan a)': {'width': 0.5, 'mid_channels': (2048, 2048)},
    'low-rank fc6': {'fc6': 'low_rank'},
    'atrous fc6': {'fc6': 'atrous', **CHEAP},
    'depthwise fc6': {'fc6': 'depthwise', **CHEAP},
}
ROW = '{:<26} {:<26} {:>8} {:>5} {:>22} {:>6}'

BASE = "{}, torch's layers"

Key = tuple[str, str]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--model', nargs=3, action='append', default=[], metavar=('NAME', 'CONFIG', 'CHECKPOINT'), dest='models'
    )
    parser.add_argument('--size', type=int, default=384, help='side of the images without --model')
    parser.add_argument('--images', type=int, default=1, help='predicted at once')
    parser.add_argument('--rounds', type=int, default=5, help='measured, after one that is not')
    parser.add_argument('--layers', action='store_true', help='also where the time goes in plain float32')
    parser.add_argument('--compile', action='store_true', help='rows with torch.compile too; the first runs are slow')
    return parser.parse_args(argv)


class Way(nn.Module):
    """A network run in one way: float32, channels-last, bf16, compiled, joined by "+".

    Args:
        network: it is copied unless it stays as it is.
        way: see above.
    """

    def __init__(self, network: nn.Module, way: str) -> None:
        super().__init__()
        self.parts = way.split('+')
        self.dtype = torch.bfloat16 if 'bf16' in self.parts else torch.float32
        self.format = torch.channels_last if 'channels-last' in self.parts else torch.contiguous_format
        if way != PLAIN:
            network = copy.deepcopy(network).to(dtype=self.dtype, memory_format=self.format)
        self.network = network
        self.run = torch.compile(network, dynamic=False) if 'compile' in self.parts else network

    def forward(self, images: Tensor):
        """What the network gives."""
        return self.run(images.to(self.dtype).contiguous(memory_format=self.format))


def of_torch(network: FCN8s) -> FCN8s:
    """A copy made of torch's own layers, with the same weights."""
    network = copy.deepcopy(network)
    network.pool = nn.MaxPool2d(2, ceil_mode=True)
    for name, layer in list(network.named_children()):
        if isinstance(layer, Enlarge):
            plain = nn.ConvTranspose2d(2, 2, 2 * layer.factor, layer.factor, layer.rim - layer.factor // 2, bias=False)
            plain.load_state_dict(layer.state_dict())
            setattr(network, name, plain)
    return network


def ways(compiled: bool) -> list[str]:
    """How each network is run; what this machine cannot do is left out with a sentence."""
    names = list(GOALS)
    if has_bfloat16():
        names.append('bf16+channels-last')
    else:
        print('no rows in bf16: this CPU has no instructions for it')
    return names + [f'{name}+compile' for name in names[1:] if compiled]


def runs_of(network: nn.Module, name: str, images: Tensor, compiled: bool) -> dict[Key, Way]:
    """The network in every way that works, warmed up; one that cannot be compiled is left out with a sentence."""
    out = {}
    for way in ways(compiled):
        run = Way(network, way).eval()
        try:
            with torch.inference_mode():
                run(images)
            out[name, way] = run
        except Exception as error:  # whatever a compiler, or its absence, raises
            if 'compile' not in way:
                raise
            print(f'no row {name} {way}: {type(error).__name__}: {str(error).splitlines()[0]}')
    return out


def trained(name: str, config: str, checkpoint: str, args: argparse.Namespace, base: bool) -> tuple[dict, dict, Tensor]:
    """A trained network in every way, what each scores on the test split, and the images that it is timed with.

    Of the base comes first what torch's own layers make of it.
    """
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner

    from wsolzoo.apis import get_model
    from wsolzoo.run.launch import load_config
    from wsolzoo.run.pruning.steps import scores

    cfg = load_config(config)
    model = get_model(cfg, checkpoint)
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        loader = Runner.build_dataloader({**cfg.test_dataloader, 'batch_size': args.images})
    images = model.data_preprocessor(next(iter(loader)), training=False)['inputs']
    runs = runs_of(of_torch(model.network), BASE.format(name), images, args.compile) if base else {}
    runs |= runs_of(model.network, name, images, args.compile)
    found = {}
    for key, run in runs.items():
        model.network = run
        found[key] = scores(model, loader, {**cfg.test_evaluator, 'keys': ['maxF']})[METRIC]
    return runs, found, images


def measured(runs: dict[Key, Callable], images: Tensor, rounds: int) -> dict[Key, list[float]]:
    """Seconds of every row, taken in turns; the first round warms up."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    spent: dict[Key, list[float]] = {key: [] for key in runs}
    for number in range(rounds + 1):
        for key, run in runs.items():
            with torch.inference_mode():
                begin = clock()
                run(images)
                taken = clock() - begin
            if number:
                spent[key].append(taken)
    return spent


def by_layer(network: nn.Module, images: Tensor, rounds: int) -> dict[str, float]:
    """Milliseconds a prediction spends in conv1 to fc7, pools, enlargements and the rest: medians over the rounds."""
    begun: dict[str, float] = {}
    spent: dict[str, list[float]] = {}

    def note(name: str, last: bool) -> Callable[..., None]:
        def hook(*_) -> None:
            if not last:
                begun[name] = time.process_time()
            else:
                spent[name][-1] += 1000 * (time.process_time() - begun[name])

        return hook

    handles = []
    for name, layer in network.named_modules():
        if name and not list(layer.children()):
            group = 'up' if name.startswith('up') else name.split('_')[0].split('.')[0]
            spent[group] = []
            handles += [
                layer.register_forward_pre_hook(note(group, last=False)),
                layer.register_forward_hook(note(group, last=True)),
            ]
    whole = []
    for _ in range(rounds + 1):
        for times in spent.values():
            times.append(0.0)
        with torch.inference_mode():
            begin = time.process_time()
            network(images)
            whole.append(1000 * (time.process_time() - begin))
    for handle in handles:
        handle.remove()
    found = {name: statistics.median(times[1:]) for name, times in spent.items()}
    return found | {'the rest': statistics.median(whole[1:]) - sum(found.values())}


def multiplications(network: nn.Module, images: Tensor) -> float:
    """Of one prediction."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(images)
    return counter.get_total_flops() / 2


def misses(ratios: dict[Key, float], found: dict[Key, float], base: str) -> list[str]:
    """The parts of G10 that no row reaches without losing F-measure (in the digit that is printed)."""
    out = []
    for way, goal in GOALS.items():
        least = round(found[base, PLAIN], 1)
        rows = {
            n: r for (n, kind), r in ratios.items() if kind == way and n != base and round(found[n, way], 1) >= least
        }
        best = max(rows, key=rows.get, default=None)
        told = f'{best} is {rows[best]:.2f} times as fast' if best else 'no network is as good'
        print(f'G10, {way}: {told} as {base} in float32 (asked: {goal})')
        out += [way] if not best or rows[best] < goal else []
    return out


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 where trained networks miss the goal."""
    args = parse_args(argv)
    logging.disable(logging.INFO)  # how every weight was initialised
    torch.manual_seed(0)
    runs: dict[Key, Way] = {}
    found: dict[Key, float] = {}
    images = torch.randn(args.images, 3, args.size, args.size)
    for name, config, checkpoint in args.models:
        more, scored, images = trained(name, config, checkpoint, args, base=not runs)
        runs, found = runs | more, found | scored
    for name, arguments in {} if args.models else NETWORKS.items():
        network = FCN8s(**arguments).eval()
        runs |= {} if runs else runs_of(of_torch(network), BASE.format(name), images, args.compile)
        runs |= runs_of(network, name, images, args.compile)
    base = next(name for name, _ in runs)
    spent = measured(runs, images, args.rounds)
    work = {name: multiplications(run, images) for (name, way), run in runs.items() if way == PLAIN}
    if args.layers:
        for (name, way), run in runs.items():
            if way == PLAIN:
                parts = by_layer(run.network, images, args.rounds).items()
                print(f'{name}, ms: ' + ', '.join(f'{part} {ms:.1f}' for part, ms in parts if ms >= 0.1))
    print(f'{args.images} images of {images.shape[-1]} px, {torch.get_num_threads()} of {os.cpu_count()} cores')
    print(ROW.format('network', 'run in', 'ms', 'MAC', f'times {base} (range)', 'maxF'))
    ratios = {}
    for key, times in spent.items():
        each = sorted(one / other for one, other in zip(spent[base, PLAIN], times, strict=True))
        ratios[key] = statistics.median(each)
        told = f'{ratios[key]:.2f} ({each[0]:.2f} to {each[-1]:.2f})'
        ms, score = f'{1000 * statistics.median(times) / args.images:.1f}', f'{found[key]:.1f}' if found else ''
        print(ROW.format(*key, ms, f'{work[key[0]] / work[base]:.2f}', told, score))
    if not found:
        print('G10 asks for speed at no loss of F-measure, which random weights do not have: --model judges it')
        return 0
    return 1 if misses(ratios, found, base) else 0


if __name__ == '__main__':
    raise SystemExit(main())
