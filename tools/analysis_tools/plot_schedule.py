"""Learning rate, momentum and loss weights of a config over its training, as a picture. Needs no data.

    python tools/analysis_tools/plot_schedule.py bas/bas_plainnet_1xb32-15e_scenes-96px.py --out schedule.png

An epoch is drawn as ``--epoch-length`` iterations: the curves over epochs are the same for every length, but for
schedulers that count iterations.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('--out', default='schedule.png', metavar='FILE', help='picture to write (png, svg, pdf)')
    parser.add_argument('--epoch-length', type=int, default=100, metavar='N', help='iterations of an epoch (100)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    args = parser.parse_args(argv)
    if Path(args.out).suffix.lower() not in ('.png', '.svg', '.pdf'):
        parser.error(f'--out is a picture, .png, .svg or .pdf; got {args.out}')
    if args.epoch_length < 1:
        parser.error(f'--epoch-length is at least 1; got {args.epoch_length}')
    return args


def length_of(cfg, epoch_length: int) -> tuple[int, int | None]:
    """Iterations of the whole training, and epochs where it is counted in epochs.

    Raises:
        UserError: the config trains nothing.
    """
    from wsolzoo.errors import UserError

    train = cfg.get('train_cfg') or {}
    if 'max_iters' in train:
        return train['max_iters'], None
    if 'max_epochs' not in train:
        raise UserError('the config has no training: train_cfg has neither max_epochs nor max_iters')
    return train['max_epochs'] * epoch_length, train['max_epochs']


def optimizer_settings(cfg) -> dict[str, dict]:
    """Settings of each optimizer by name; one without a name where the model has only one."""
    wrapper = cfg.optim_wrapper
    if 'optimizer' in wrapper:
        return {'': wrapper.optimizer}
    return {name: part.optimizer for name, part in wrapper.items() if isinstance(part, dict) and 'optimizer' in part}


def rates(settings: dict, schedulers, iters: int, epochs: int | None, epoch_length: int) -> dict[str, list[float]]:
    """Learning rate and momentum at every iteration of one optimizer, without factors of single parameters.

    Args:
        settings: of the optimizer.
        schedulers: ``param_scheduler`` of a config, one dict or several.
        iters: of the whole training.
        epochs: of the whole training, if counted.
        epoch_length: iterations of an epoch.
    """
    import torch

    from wsolzoo.registry import OPTIMIZERS, PARAM_SCHEDULERS

    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS.build({**settings, 'params': [weight]})
    built = []
    for scheduler in [schedulers] if isinstance(schedulers, dict) else schedulers or ():
        end = epochs if epochs and scheduler.get('by_epoch', True) else iters
        defaults = {'optimizer': optimizer, 'epoch_length': epoch_length}
        built.append(PARAM_SCHEDULERS.build({'end': end, **scheduler}, default_args=defaults))
    group, found = optimizer.param_groups[0], {'learning rate': [], 'momentum': []}
    for iteration in range(iters):
        found['learning rate'].append(float(group['lr']))
        found['momentum'].append(float(group.get('momentum', group.get('betas', (0.0,))[0])))
        optimizer.step()
        for scheduler in built:
            if not scheduler.by_epoch or (iteration + 1) % epoch_length == 0:
                scheduler.step()
    return found


def loss_weights(cfg, epochs: int) -> Iterator[tuple[str, list[float]]]:
    """Name and weight at every epoch of each term that a ``LossWeightHook`` schedules."""
    from types import SimpleNamespace

    from wsolzoo.registry import HOOKS

    for settings in [*(cfg.get('custom_hooks') or ()), *(cfg.get('default_hooks') or {}).values()]:
        if not (isinstance(settings, dict) and str(settings.get('type')).endswith('LossWeightHook')):
            continue
        hook = HOOKS.build(settings)
        owner = SimpleNamespace(loss_weight=configured(cfg.model, hook.part))
        model = SimpleNamespace(get_submodule=lambda part, owner=owner: owner)
        runner = SimpleNamespace(model=model, epoch=0)
        hook.before_train(runner)
        values = []
        for runner.epoch in range(epochs):
            hook.before_train_epoch(runner)
            values.append(owner.loss_weight if hook.name is None else owner.loss_weight[hook.name])
        yield '.'.join(filter(None, (hook.part, hook.name))), values


def configured(model: dict, part: str):
    """``loss_weight`` of a part of a model's config, such as ``losses.0``, as plain values."""
    for key in filter(None, part.split('.')):
        model = model[int(key)] if key.isdigit() else model[key]
    weight = model.get('loss_weight')
    return dict(weight) if isinstance(weight, dict) else weight


def curves(cfg, epoch_length: int) -> tuple[dict[str, dict[str, tuple[list, list]]], str]:
    """Panel → curve → (places, values), and what the places count: epochs or iterations."""
    iters, epochs = length_of(cfg, epoch_length)
    scale = epoch_length if epochs else 1
    step = max(1, iters // 4000)  # more points than a picture has columns show nothing more
    places = [index / scale for index in range(0, iters, step)]
    panels: dict[str, dict[str, tuple[list, list]]] = {'learning rate': {}, 'momentum': {}, 'loss weight': {}}
    schedulers = cfg.get('param_scheduler')
    for name, settings in optimizer_settings(cfg).items():
        of_this = schedulers.get(name, ()) if isinstance(schedulers, dict) and 'type' not in schedulers else schedulers
        for panel, values in rates(settings, of_this, iters, epochs, epoch_length).items():
            panels[panel][name or settings['type']] = places, values[::step]
    for name, values in loss_weights(cfg, epochs) if epochs else ():
        panels['loss weight'][name] = list(range(epochs)), values
    return {name: found for name, found in panels.items() if found}, 'epoch' if epochs else 'iteration'


def draw(panels: dict, axis: str, title: str, path: Path) -> None:
    """Write the picture, a panel below the other."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(panels), 1, figsize=(8, 2.4 * len(panels)), sharex=True, squeeze=False)
    for place, (name, found) in zip(axes[:, 0], panels.items(), strict=True):
        for curve, (x, y) in found.items():
            place.plot(x, y, label=curve, drawstyle='steps-post' if name == 'loss weight' else 'default')
        place.set_ylabel(name)
        place.grid(alpha=0.3)
        place.legend(frameon=False, fontsize='small')
    axes[-1, 0].set_xlabel(axis)
    axes[0, 0].set_title(title, fontsize='medium')
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from mmengine.registry import DefaultScope

    from wsolzoo.run import launch

    try:
        launch.prepare_environment()
        cfg = launch.load_config(args.config, args.cfg_options)
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            panels, axis = curves(cfg, args.epoch_length)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    draw(panels, axis, Path(args.config).stem, Path(args.out))
    print(args.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
