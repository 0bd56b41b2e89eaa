"""Parameters and multiply-adds of a config's model, by stage of its backbone, with its necks and its head.

    python tools/analysis_tools/get_flops.py bas/bas_vgg16_1xb32-100e_cub-224px.py

Counted are the multiply-adds of convolutions, matrix products and attention (half of the floating point operations that
torch counts), for one image, as they are done: a stage that a head runs a second time counts twice. Needs no data.
"""

import argparse
import re
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('--size', type=int, help="side of the image in pixels (default: the one in the config's name)")
    parser.add_argument('--training', action='store_true', help='the forward pass of a training step, not a prediction')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    args = parser.parse_args(argv)
    if args.size is None:
        found = re.search(r'-(\d+)px$', Path(args.config).stem)
        if not found:
            parser.error(f'the name {Path(args.config).stem} does not end in a size (-224px): give --size')
        args.size = int(found[1])
    return args


def build(cfg):
    """The model of a config, as it is born: what its weights are does not change what is counted."""
    from wsolzoo.models.initial import without_weights
    from wsolzoo.registry import MODELS
    from wsolzoo.testing import scope

    with scope():
        return MODELS.build(without_weights(cfg.model))


def parts_of(model) -> dict[str, list[str]]:
    """Name of a row → names of the modules in it: the children of the model, a backbone by its groups of stages."""
    rows: dict[str, list[str]] = {}
    for name, child in model.named_children():
        stages = getattr(child, '_stage_paths', None)
        if stages is None:
            rows[name] = [name]
        for stage, paths in (stages or {}).items():
            group = stage.partition('.')[0]  # layer3.5 is one block of the stage layer3
            rows.setdefault(f'{name}.{group}', []).extend(f'{name}.{path}' for path in paths)
    return rows


class Running:
    """The modules that run forward, for the counter. Its own tracker follows them backward too, where
    ``torch.autograd.grad`` with respect to a feature, as post-hoc maps ask for, is an error.

    Attributes:
        parents: names of those that run, the root's class in front; ``'Global'`` always.
    """

    def __init__(self, model) -> None:
        root = type(model).__name__
        self.names = {module: f'{root}.{name}' if name else root for name, module in model.named_modules()}
        self.parents = {'Global'}
        self.hooks: list = []

    def __enter__(self) -> None:
        from torch.nn.modules import module as every

        self.hooks = [
            every.register_module_forward_pre_hook(lambda module, _: self.parents.add(self.names.get(module, ''))),
            every.register_module_forward_hook(lambda module, *_: self.parents.discard(self.names.get(module, ''))),
        ]

    def __exit__(self, *_) -> None:
        for hook in self.hooks:
            hook.remove()


def count(model, size: int, training: bool = False) -> list[tuple[str, int, float]]:
    """Parameters and multiply-adds per image of every part of a model.

    Args:
        model: of any task.
        size: side of the image in pixels.
        training: count the forward pass of a training step instead of a prediction.

    Returns:
        (name, parameters, multiply-adds) of each part, then of what is in none of them, then of all.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from wsolzoo.testing import tiny_batch

    images = 2 if training else 1  # batch norm cannot train on one
    model.train(training)
    batch = model.data_preprocessor(tiny_batch(model, size, batch_size=images), training)
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = Running(model)
    with counter, torch.no_grad():
        model(**batch, mode='loss' if training else 'predict')
    modules = {name: sum(of.values()) for name, of in counter.get_flop_counts().items()}
    root, rows = type(model).__name__, []
    for part, paths in parts_of(model).items():
        parameters = sum(weight.numel() for path in paths for weight in model.get_submodule(path).parameters())
        operations = sum(modules.get(f'{root}.{path}', 0) for path in paths)
        if parameters or operations:
            rows.append((part, parameters, operations / 2 / images))
    whole = (sum(weight.numel() for weight in model.parameters()), counter.get_total_flops() / 2 / images)
    rest = tuple(all_of - sum(row[column] for row in rows) for column, all_of in enumerate(whole, 1))
    return [*rows, *([('the rest', *rest)] if any(rest) else []), ('total', *whole)]


def short(value: float) -> str:
    """Three digits and K, M or G."""
    for unit, size in (('G', 1e9), ('M', 1e6), ('K', 1e3)):
        if value >= 0.9995 * size:
            return f'{value / size:.3g} {unit}'
    return f'{value:.0f}'


def table(rows: list[tuple[str, int, float]]):
    """The rows for a terminal."""
    from rich.table import Table

    table = Table(border_style='dim')
    table.add_column('part')
    for name in ('parameters', 'multiply-adds'):
        table.add_column(name, justify='right')
    for name, parameters, operations in rows:
        if name == 'total':
            table.add_section()
        table.add_row(name, short(parameters), short(operations))
    return table


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from rich.console import Console

    from wsolzoo.run import launch

    try:
        launch.prepare_environment()
        rows = count(build(launch.load_config(args.config, args.cfg_options)), args.size, args.training)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    what = 'training step, forward' if args.training else 'prediction'
    Console().print(f'{Path(args.config).stem}: {what}, one image of {args.size}x{args.size}', highlight=False)
    Console().print(table(rows))
    return 0


if __name__ == '__main__':
    sys.exit(main())
