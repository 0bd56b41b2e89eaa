"""Cut channels out of a trained network by a width plan; the checkpoint written rebuilds its own network.

python tools/prune.py configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py work_dirs/cam/epoch_15.pth cut.pth \
--rule stage3.*=0.5:l1
python tools/prune.py CONFIG CHECKPOINT cut.pth --plan configs/fcn_saliency/LEAF.py
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Cut channels out of a trained network by a width plan.')
    parser.add_argument('config', help='config of the network, or the name of a shipped one (cam/x.py)')
    parser.add_argument('checkpoint', help='its trained weights; a network that was cut before may be cut again')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--plan', help='a config with width_plan=dict(rules=[…], round_to=…)')
    parser.add_argument(
        '--rule',
        action='append',
        default=[],
        metavar='LAYERS=AMOUNT[:SELECT]',
        help='layers (name or regular expression), the share (0.5) or number (64) of channels that stay, and how they '
        'are chosen: first (default), last, random, even, l1, l2, fpgm, bn_scale, taylor, activation',
    )
    parser.add_argument('--select', help='choose channels so in every rule, whatever the plan says')
    parser.add_argument('--round-to', type=int, help='round widths given as shares up to a multiple (default: 1)')
    parser.add_argument('--batches', type=int, default=50, help='training batches that taylor and activation look at')
    parser.add_argument('--size', type=int, default=64, help='side in pixels of the image the network is traced with')
    parser.add_argument('--seed', type=int, default=0, help='of the selector random')
    return parser.parse_args(argv)


def rule_of(text: str, seed: int) -> dict:
    """``fc6=0.5:l1`` as a rule.

    Raises:
        ValueError: it is not written so.
    """
    layers, _, rest = text.rpartition('=')
    amount, _, select = rest.partition(':')
    try:
        share = {'width': int(amount)} if amount.isdigit() else {'ratio': float(amount)}
    except ValueError:
        share = {}
    if not layers or not share:
        raise ValueError(f'a rule is LAYERS=AMOUNT[:SELECT], such as fc6=0.5:l1; got {text!r}')
    return {'layers': (layers,), **share, 'select': select or 'first', 'seed': seed}


def rules_of(args: argparse.Namespace) -> tuple[list[dict], int]:
    """The rules of the command line and of the plan, in this order of precedence, and what widths are rounded to.

    Raises:
        ValueError: there are none.
    """
    from wsolzoo.run.launch import load_config

    plan = load_config(args.plan).get('width_plan') if args.plan else {}
    if plan is None:
        raise ValueError(f'{args.plan} has no width_plan=dict(rules=[…])')
    rules = [rule_of(text, args.seed) for text in args.rule] + [dict(rule) for rule in plan.get('rules', ())]
    if not rules:
        raise ValueError('nothing to cut: give --rule or --plan')
    if args.select:
        rules = [{**rule, 'select': args.select} for rule in rules]
    return rules, args.round_to or plan.get('round_to', 1)


def training_batches(cfg, count: int):
    """``count`` batches of the training set, from its beginning again where it is short."""
    from itertools import cycle, islice

    from mmengine.runner import Runner

    from wsolzoo.testing import scope

    with scope():
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    return islice(cycle(loader), count)


def largest_difference(one, other, batch: dict) -> float:
    """Between the predictions of two networks, relative to the largest value."""
    import copy

    import torch

    with torch.no_grad():
        samples = [model.eval().test_step(copy.deepcopy(batch)) for model in (one, other)]
    worst = 0.0
    for first, second in zip(*samples, strict=True):
        for name, value in first.items():
            if name.startswith('pred_') and isinstance(value, torch.Tensor) and value.is_floating_point():
                values = [found / found.abs().max().clamp(min=1e-12) for found in (value, second.get(name))]
                worst = max(worst, (values[0] - values[1]).abs().max().item())
    return worst


def multiplications(model, batch: dict) -> float:
    """Millions of multiplications for the first image of a batch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    data = model.data_preprocessor({key: value[:1] for key, value in batch.items()}, training=False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.predict(data['inputs'], data['data_samples'])
    return counter.get_total_flops() / 2e6


def prune(args: argparse.Namespace) -> Path:
    """Plan, cut, compare and write.

    Raises:
        UserError: a plan that cannot be, or weights that do not fit.
    """
    import copy
    import io
    from hashlib import sha256

    import torch

    from wsolzoo.apis import get_model
    from wsolzoo.engine import width_plan as plans
    from wsolzoo.engine.weights.atomic import AtomicLocalBackend
    from wsolzoo.run.launch import load_config
    from wsolzoo.testing import tiny_batch

    rules, round_to = rules_of(args)
    cfg = load_config(args.config)
    model = get_model(cfg, args.checkpoint)
    batch = tiny_batch(model, args.size, 2)
    if any(rule.get('select') in ('taylor', 'activation') for rule in rules):
        batches = training_batches(cfg, args.batches)
    else:
        batches = ()
    kept = plans.plan_widths(model, [plans.Rule(**rule) for rule in rules], batch, batches, round_to)
    small = copy.deepcopy(model)
    plans.cut(small, kept)
    for name, sides in kept.items():
        layer = model.get_submodule(name)
        print(name, *(f'{side} {len(indices)}' for side, indices in sides.items()), f'of {tuple(layer.weight.shape)}')
    counts = [sum(p.numel() for p in network.parameters()) for network in (model, small)]
    macs = [multiplications(network, batch) for network in (model, small)]
    print(f'parameters {counts[0]:,} -> {counts[1]:,}; multiplications {macs[0]:.1f} M -> {macs[1]:.1f} M')
    print(
        f'largest difference to the masked network: {largest_difference(plans.masked(model, kept), small, batch):.1e}'
    )
    parent = sha256(Path(args.checkpoint).read_bytes()).hexdigest() if Path(args.checkpoint).is_file() else ''
    record = plans.make_record(kept, parent, rules, getattr(model, plans.KEY, None))
    meta = {plans.KEY: record, 'dataset_meta': getattr(model, 'dataset_meta', {})}
    weights = {name: value.contiguous() for name, value in small.state_dict().items()}
    buffer = io.BytesIO()
    torch.save({'state_dict': weights, 'meta': meta}, buffer)
    AtomicLocalBackend().put(buffer.getvalue(), args.out)
    return Path(args.out)


def main(argv: list[str] | None = None) -> int:
    """Cut one network; returns the exit status."""
    args = parse_args(argv)
    from wsolzoo.errors import UserError

    try:
        print(prune(args))
    except (UserError, OSError, ValueError, KeyError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
