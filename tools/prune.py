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
    from wsolzoo.run.pruning.steps import read_plan

    planned, round_to = read_plan(args.plan) if args.plan else ([], 1)
    rules = [rule_of(text, args.seed) for text in args.rule] + planned
    if not rules:
        raise ValueError('nothing to cut: give --rule or --plan')
    if args.select:
        rules = [{**rule, 'select': args.select, 'seed': args.seed} for rule in rules]
    return rules, args.round_to or round_to


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


def prune(args: argparse.Namespace) -> Path:
    """Plan, cut, compare and write.

    Raises:
        UserError: a plan that cannot be, or weights that do not fit.
    """
    import copy

    from wsolzoo.apis import get_model
    from wsolzoo.engine import width_plan as plans
    from wsolzoo.run.launch import load_config
    from wsolzoo.run.pruning import steps
    from wsolzoo.testing import tiny_batch

    rules, round_to = rules_of(args)
    cfg = load_config(args.config)
    model = get_model(cfg, args.checkpoint)
    batch = tiny_batch(model, args.size, 2)
    looks = any(rule.get('select') in ('taylor', 'activation') for rule in rules)
    batches = steps.training_batches(cfg, args.batches) if looks else ()
    kept = plans.plan_widths(model, [plans.Rule(**rule) for rule in rules], batch, batches, round_to)
    small = copy.deepcopy(model)
    plans.cut(small, kept)
    for name, sides in kept.items():
        layer = model.get_submodule(name)
        print(name, *(f'{side} {len(indices)}' for side, indices in sides.items()), f'of {tuple(layer.weight.shape)}')
    counts = [steps.parameters(network) for network in (model, small)]
    macs = [steps.multiplications(network, batch) for network in (model, small)]
    print(f'parameters {counts[0]:,} -> {counts[1]:,}; multiplications {macs[0]:.1f} M -> {macs[1]:.1f} M')
    print(
        f'largest difference to the masked network: {largest_difference(plans.masked(model, kept), small, batch):.1e}'
    )
    steps.write_cut(small, kept, steps.hash_of(args.checkpoint), rules, args.out)
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
