"""From a config file and a tool's flags to a Runner; ``tools/train.py`` and ``test.py`` are thin shells over it."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

from wsolzoo.compat import prepare, quiet_logger
from wsolzoo.errors import UserError
from wsolzoo.resources import find_config
from wsolzoo.run.config_check import check_config


class UsageError(UserError, ValueError):
    """The command line asks for something that cannot be done."""


def parse_options(pairs: Sequence[str]) -> dict:
    """Turn ``['optim_wrapper.optimizer.lr=0.1', 'a=[1,2]']`` into a dict of values, by MMEngine's rules.

    Raises:
        UsageError: an item has no ``=``.
    """
    for pair in pairs:
        if '=' not in pair:
            raise UsageError(f'--cfg-options takes key=value; got {pair!r}')
    holder = Namespace(options=None)
    DictAction(['--cfg-options'], 'options')(None, holder, pairs)
    return holder.options or {}


def nest(options: dict, cfg: dict) -> dict:
    """Dotted keys as nested dicts; where ``cfg`` has a key with dots in it, such as a stage's name, it is one key.

    ``{'model.necks.stage3.0.drop_prob': 0.5}`` → ``{'model': {'necks': {'stage3.0': {'drop_prob': 0.5}}}}``

    Raises:
        UsageError: a key and something inside it are both set.
    """
    nested: dict = {}
    for dotted, value in options.items():
        place, here, parts = nested, cfg, dotted.split('.')
        while parts:
            length = next((n for n in range(len(parts), 0, -1) if '.'.join(parts[:n]) in here), 1)
            key, parts = '.'.join(parts[:length]), parts[length:]
            if isinstance(here, list):
                here = dict(enumerate(here)).get(int(key), {}) if key.isdigit() else {}
            else:
                here = here.get(key, {})
            here = here if isinstance(here, (dict, list)) else {}
            if not isinstance(place, dict):
                raise UsageError(f'--cfg-options sets {dotted} and a part before its end; set one of the two')
            place = place.setdefault(key, {}) if parts else place.update({key: value})
    return nested


def load_config(name: str, options: Sequence[str] = ()) -> Config:
    """Read a config, with its folder on the import path so that ``custom_imports`` finds files beside it.

    Args:
        name: a path or the name of a shipped config, see :func:`wsolzoo.resources.find_config`.
        options: ``key=value`` overrides.
    """
    path = find_config(name)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    cfg = Config.fromfile(str(path))
    cfg.merge_from_dict(nest(parse_options(options), cfg._cfg_dict))
    return cfg


def set_work_dir(cfg: Config, work_dir: str | None) -> None:
    """The flag wins, then the config, then ``work_dirs/<config name>``."""
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(cfg.filename).stem)


def set_randomness(cfg: Config, seed: int | None, deterministic: bool) -> None:
    """Lay the flags over the config's ``randomness``."""
    randomness: dict = {'seed': None} | dict(cfg.get('randomness') or {})
    if seed is not None:
        randomness['seed'] = seed
    if deterministic:
        randomness['deterministic'] = True
    cfg.randomness = randomness


def set_resume(cfg: Config, resume: str | None) -> None:
    """``auto`` continues from the newest complete checkpoint of the work dir, a path from that file.

    Where ``auto`` finds none, the run starts as it would have without the flag. A config's ``resume=True`` without
    ``load_from`` means ``auto``. MMEngine would believe the file ``last_checkpoint``, which a killed run may have left
    empty or naming a checkpoint that is gone.

    Raises:
        FileNotFoundError: the file does not exist.
    """
    if resume is None and cfg.get('resume') and not cfg.get('load_from'):
        resume = 'auto'
    if resume is None:
        return
    if resume == 'auto':
        from wsolzoo.engine.hooks.checkpoint import newest_checkpoint

        newest = newest_checkpoint(cfg.work_dir)
        cfg.resume = newest is not None
        if newest is None:
            print(f'no checkpoint in {cfg.work_dir} to resume from: starting at the beginning', file=sys.stderr)
            return
        resume = str(newest)
    if '://' not in resume and not Path(resume).is_file():
        raise FileNotFoundError(missing_checkpoint(resume))
    cfg.resume, cfg.load_from = True, resume


def missing_checkpoint(path: str) -> str:
    """Say that ``path`` is missing, and which checkpoints are near it."""
    folder = Path(path).parent
    near = sorted(str(p) for p in (folder.glob('*.pth') if folder.is_dir() else Path().glob('work_dirs/*/*.pth')))
    hint = f'There are: {", ".join(near[:8])}' if near else f'There is no *.pth in {folder} either.'
    return f'checkpoint {path} does not exist. {hint}'


def set_checkpoint(cfg: Config, checkpoint: str | None) -> None:
    """Test the weights of ``checkpoint``, or those of the config's ``load_from``.

    Raises:
        UsageError: neither is given.
        FileNotFoundError: the file does not exist.
    """
    checkpoint = checkpoint or cfg.get('load_from')
    if not checkpoint:
        raise UsageError('no checkpoint: name one after the config, or set load_from in the config')
    if '://' not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(missing_checkpoint(checkpoint))
    cfg.load_from = checkpoint
    cfg.resume = False


def set_report(cfg: Config, show_dir: str | None) -> None:
    """See to it that a test ends with a table, ``metrics.json`` and a report; ``show_dir`` adds a picture per image."""
    hooks = list(cfg.get('custom_hooks') or [])
    report = next((hook for hook in hooks if hook.get('type') == 'ReportHook'), None)
    if report is None:
        report = {'type': 'ReportHook'}
        hooks.append(report)
    if show_dir:
        report['show_dir'] = show_dir
    cfg.custom_hooks = hooks


def write_result(path: str, runner, scores: Mapping[str, float]) -> None:
    """Write everything a test found: the metrics' results with their records per image, and where they come from."""
    import mmengine

    from wsolzoo.engine.hooks.report import describe_run, gather_result

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    mmengine.dump(gather_result(runner, dict(scores)) | {'meta': describe_run(runner)}, path)


def set_amp(cfg: Config) -> None:
    """Use mixed precision: float16 with loss scaling on an accelerator, bfloat16 on a CPU.

    Raises:
        UsageError: the config already uses a wrapper of its own.
    """
    from mmengine.device import get_device

    wrapper = cfg.optim_wrapper
    kind = wrapper.get('type', 'OptimWrapper')
    if kind in ('AmpOptimWrapper', 'BFloat16OptimWrapper'):
        return
    if kind != 'OptimWrapper':
        raise UsageError(f'--amp replaces optim_wrapper.type="OptimWrapper", but the config uses {kind!r}')
    if get_device() == 'cpu':
        wrapper.type = 'BFloat16OptimWrapper'
    else:
        wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')


def set_auto_scale_lr(cfg: Config) -> None:
    """Scale the learning rate by actual over base batch size.

    Raises:
        UsageError: the config does not say for which batch size its learning rate was chosen.
    """
    if not (cfg.get('auto_scale_lr') or {}).get('base_batch_size'):
        raise UsageError('--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=…) in the config')
    cfg.auto_scale_lr.enable = True


def set_launcher(cfg: Config, launcher: str) -> None:
    """Prepare for several processes; without an accelerator that means gloo and a wrapper without device ids."""
    cfg.launcher = launcher
    if launcher == 'none':
        return
    for key in ('val_evaluator', 'test_evaluator'):
        for metric in _listed(cfg.get(key)):
            # 'gpu' means: gather over the process group, gloo as well; 'cpu' leaves files in the working directory
            metric.setdefault('collect_device', 'gpu')
    from mmengine.device import get_device

    if get_device() == 'cpu':
        _start_gloo(launcher)
        wrapper = dict(type='MMDistributedDataParallel', broadcast_buffers=False)
        wrapper['find_unused_parameters'] = bool(cfg.get('find_unused_parameters', False))
        cfg.model_wrapper_cfg = wrapper | dict(cfg.get('model_wrapper_cfg') or {}) | dict(device_ids=None)


def _listed(value) -> list[dict]:
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, dict)]


def _start_gloo(launcher: str) -> None:
    from datetime import timedelta

    import torch.distributed as dist

    if launcher == 'slurm':
        os.environ.setdefault('RANK', os.environ['SLURM_PROCID'])
        os.environ.setdefault('LOCAL_RANK', os.environ.get('SLURM_LOCALID', '0'))
        os.environ.setdefault('WORLD_SIZE', os.environ['SLURM_NTASKS'])
        os.environ.setdefault('MASTER_PORT', '29500')
        if 'MASTER_ADDR' not in os.environ:
            raise UsageError('MASTER_ADDR is not set; tools/slurm_train.sh and slurm_test.sh set it')
    if not dist.is_initialized():
        dist.init_process_group('gloo', timeout=timedelta(minutes=30))


def prepare_environment() -> None:
    """Quiet known noise, allow our own checkpoints, import plugins: before anything is looked up or built."""
    from wsolzoo.registry import load_plugins

    prepare()
    load_plugins()


def check(cfg: Config, options: Sequence[str] = ()) -> None:
    """Refuse a config with misspelt keys, and print what is probably not meant.

    Raises:
        wsolzoo.run.config_check.ConfigError: a key or a type of the config is wrong.
    """
    for warning in check_config(cfg, parse_options(options)):
        print(f'warning: {warning}', file=sys.stderr)


EXPLAINED = (FileNotFoundError, UserError)
"""Errors whose text says what is wrong and what to do: a tool prints them without a traceback."""


def build_runner(cfg: Config, training: bool = True):
    """Build the Runner of a checked config, after a look at what would make the run fail later.

    Raises:
        wsolzoo.run.preflight.PreflightError: something would.
    """
    from mmengine.runner import Runner

    from wsolzoo.registry import RUNNERS
    from wsolzoo.run import preflight

    preflight.check_config(cfg, training)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    quiet_logger(runner.logger)
    preflight.check_runner(runner, training)
    return runner
