"""Cost of one BAS training step against a straightforward per-sample form and against a plain classifier.

    python benchmarks/bas.py [--device cuda] [--batch 8] [--repeats 5]

The straightforward form copies the later stages, computes the foreground maps of all classes, and loops over the images
of the batch; it lives here only. Both sides run interleaved in one process and their losses and float64 gradients are
compared first. Exits with 1 where they differ or a goal is missed.
"""

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import time

GOALS = {
    'speed-up over the straightforward form, fp32': ('>=', 1.12),
    'cost over a plain classifier step, fp32': ('<=', 1.55),
    'speed-up, bf16 and channels last': ('>=', 2.4),
    'peak memory over the straightforward form': ('<=', 0.85),
}


def build(num_classes: int = 200, weights: dict | None = None, seed: int = 0):
    """MobileNetV1 with the BAS head at the published size."""
    import torch

    from wsolzoo.testing import build_model

    torch.manual_seed(seed)
    head = {'type': 'BASHead', 'num_classes': num_classes, 'tap': 'blocks.3', 'generator_bias': 1.0}
    head['loss_weight'] = weights or {'frg': 0.5, 'ac': 1.5}
    backbone = {'type': 'MobileNetV1', 'out_stages': ('blocks.3', 'blocks.4')}
    return build_model({'model': {'type': 'Localizer', 'backbone': backbone, 'head': head}}).train()


def straightforward_losses(model, inputs, labels) -> dict:
    """BAS written image by image, with copied later stages and the maps of all classes."""
    import torch
    from torch.nn import functional as F

    head, backbone = model.head, model.backbone
    (tap, last), _ = backbone(inputs)
    later, hidden, score = copy.deepcopy(backbone), copy.deepcopy(head.hidden), copy.deepcopy(head.score)
    scores = head.score(head.hidden(last)).relu()
    logits = scores.mean((2, 3))
    all_maps = head.generator(tap).sigmoid()
    maps = torch.zeros_like(all_maps[:, :1])
    for i, label in enumerate(labels):
        maps[i, 0] = all_maps[i, label]
    erased, _ = later(tap.detach() * (1 - maps), start=later.stage_index('blocks.3') + 1)
    erased = score(hidden(erased[-1])).relu()
    ratios = []
    for i, label in enumerate(labels):
        background, whole = erased[i, label].mean(), logits[i, label].detach()
        ratio = background / (whole + 1e-8)
        ratios.append(torch.zeros_like(ratio) if background >= whole else ratio)
    inside = (scores * F.avg_pool2d(maps, 2)).mean((2, 3))
    return {
        'loss_cls': F.cross_entropy(logits, labels),
        'loss_frg': head.loss_weight['frg'] * F.cross_entropy(inside, labels),
        'loss_bas': torch.stack(ratios).mean(),
        'loss_ac': head.loss_weight['ac'] * maps.mean(),
    }


def ours(model, inputs, labels) -> dict:
    """The losses as the zoo computes them."""
    feats, passage = model.extract_feat(inputs)
    _, scalars = model.head.loss(feats, labels, passage)
    return {name: value for name, value in scalars.items() if name.startswith('loss')}


def step(losses, model, inputs, labels, bf16: bool = False) -> None:
    """Forward and backward."""
    import torch

    model.zero_grad(set_to_none=True)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        total = sum(losses(model, inputs, labels).values())
    total.backward()


def check_equal(size: int = 96) -> float:
    """Largest relative difference of a gradient in float64; raises where losses differ."""
    import torch

    one, other = build(20).double(), build(20).double()
    inputs, labels = torch.randn(3, 3, size, size).double(), torch.tensor([3, 19, 0])
    losses, expected = ours(one, inputs, labels), straightforward_losses(other, inputs, labels)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name].double(), value, rtol=1e-6, atol=1e-8)
    sum(losses.values()).backward()
    sum(expected.values()).backward()
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((p.grad - q.grad).abs().max() / q.grad.abs().max().clamp(min=1e-12)) for p, q in pairs)


def timed(run, synchronize) -> float:
    """Seconds of one call: CPU time on a CPU, wall time between synchronisations on a GPU."""
    clock = time.process_time if synchronize is None else time.perf_counter
    if synchronize:
        synchronize()
    start = clock()
    run()
    if synchronize:
        synchronize()
    return clock() - start


def measure(device: str, batch: int, repeats: int) -> dict[str, float]:
    """Median seconds of each variant, interleaved."""
    import torch

    inputs = torch.randn(batch, 3, 224, 224, device=device)
    labels = torch.arange(batch, device=device)
    model, plain = build().to(device), build(weights={'frg': 0.0, 'bas': 0.0, 'ac': 0.0}).to(device)
    last = build().to(device).to(memory_format=torch.channels_last)
    inputs_last = inputs.to(memory_format=torch.channels_last)
    runs = {
        'straightforward': lambda: step(straightforward_losses, model, inputs, labels),
        'ours': lambda: step(ours, model, inputs, labels),
        'plain classifier': lambda: step(ours, plain, inputs, labels),
        'ours, bf16, channels last': lambda: step(ours, last, inputs_last, labels, bf16=True),
    }
    if device == 'cpu' and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        runs.pop('ours, bf16, channels last')
    synchronize = torch.cuda.synchronize if device == 'cuda' else None
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            seconds = timed(run, synchronize)
            times[name] += [seconds] if repeat else []
    return {name: statistics.median(values) for name, values in times.items()}


def peak(device: str, batch: int, variant: str) -> float:
    """MiB that one step adds, measured in a process of its own."""
    command = [sys.executable, __file__, '--device', device, '--batch', str(batch), '--peak', variant]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def print_peak(device: str, batch: int, variant: str) -> None:
    """Run two steps and print the growth of the memory peak in MiB."""
    import torch

    torch.set_num_threads(1)
    model, inputs = build().to(device), torch.randn(batch, 3, 224, 224, device=device)
    labels = torch.arange(batch, device=device)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
    for _ in range(2):
        step(ours if variant == 'ours' else straightforward_losses, model, inputs, labels)
    if device == 'cuda':
        print(torch.cuda.max_memory_allocated() / 2**20)
    else:
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def main() -> int:
    """Print the ratios; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu', choices=('cpu', 'cuda'))
    parser.add_argument('--batch', type=int, default=8, help='images a step')
    parser.add_argument('--repeats', type=int, default=5, help='timed steps of each variant')
    parser.add_argument('--peak', choices=('ours', 'straightforward'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        print_peak(args.device, args.batch, args.peak)
        return 0
    # First, while this process is small: Linux hands the peak of a process on to the ones it starts.
    memory = {name: peak(args.device, args.batch, name) for name in ('ours', 'straightforward')}
    import torch

    torch.set_num_threads(1)
    difference = check_equal()
    print(f'losses equal; largest relative gradient difference in float64: {difference:.1e} (limit 1e-8)')
    times = measure(args.device, args.batch, args.repeats)
    for name, seconds in times.items():
        print(f'{name:28s} {seconds * 1000:9.1f} ms a step')
    for name, megabytes in memory.items():
        print(f'{name:28s} {megabytes:9.0f} MiB that a step adds')
    ratios = {
        'speed-up over the straightforward form, fp32': times['straightforward'] / times['ours'],
        'cost over a plain classifier step, fp32': times['ours'] / times['plain classifier'],
        'peak memory over the straightforward form': memory['ours'] / memory['straightforward'],
    }
    if 'ours, bf16, channels last' in times:
        ratios['speed-up, bf16 and channels last'] = times['straightforward'] / times['ours, bf16, channels last']
    missed = difference > 1e-8
    for name, ratio in ratios.items():
        sign, goal = GOALS[name]
        met = ratio >= goal if sign == '>=' else ratio <= goal
        missed |= not met
        print(f'{name:48s} {ratio:5.2f}  goal {sign} {goal}  {"met" if met else "MISSED"}')
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
