"""From a config file and a tool's flags to a Runner; ``tools/train.py`` and ``test.py`` are thin shells over it."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from wsolzoo.compat import allow_package_configs, quiet_logger
from wsolzoo.errors import UserError, WrongArgumentError
from wsolzoo.resources import find_config
from wsolzoo.run.config_text import PlainConfig
from wsolzoo.run.environment import prepare_environment
from wsolzoo.run.mistakes import BLAMED, told
from wsolzoo.run.names import check_config
from wsolzoo.run.options import UsageError, nest, parse_options


def load_config(name: str, options: Sequence[str] = ()) -> Config:
    """Read a config and make the process ready to build from it.

    Args:
        name: a path or the name of a shipped config, see :func:`wsolzoo.resources.find_config`.
        options: ``key=value`` overrides.

    Raises:
        FileNotFoundError: there is no such config, or a file of ``_base_`` is missing.
        UsageError: it cannot be read.
    """
    path = find_config(name)
    prepare_environment()
    return read_config(path, options)


def read_config(path: Path, options: Sequence[str] = (), imports: bool = True) -> Config:
    """Read a config, with its folder on the import path so that ``custom_imports`` finds files beside it.

    Args:
        path: the file.
        options: ``key=value`` overrides.
        imports: follow ``custom_imports``.

    Raises:
        FileNotFoundError: a file of ``_base_`` is missing.
        UsageError: it cannot be read.
    """
    if path.suffix not in ('.py', '.yml', '.yaml', '.json'):
        raise UsageError(f'{path} is no config: a config ends in .py and comes before the checkpoint')
    allow_package_configs()
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        cfg = PlainConfig.of(Config.fromfile(str(path), import_custom_modules=imports))
    except UserError:
        raise
    except SyntaxError as error:
        raise UsageError(f'{path}: {error.msg} in line {error.lineno}: {(error.text or "").strip()}') from error
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{path}: there is no {error.filename or error}, which _base_ names') from error
    except ImportError as error:
        raise UsageError(
            f'{path}: {_first_cause(error)}. custom_imports names installed modules, or files beside the config'
        ) from error
    except Exception as error:  # a config is a program: it can fail in any way
        raise UsageError(f'{path} cannot be read: {type(error).__name__}: {error}') from error
    cfg.merge_from_dict(nest(parse_options(options), cfg._cfg_dict))
    return cfg


def _first_cause(error: BaseException) -> BaseException:
    inner = error.__cause__ or error.__context__
    return _first_cause(inner) if inner else error


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
    """Test the weights of ``checkpoint``, or those of the config's ``load_from``; a model without parameters has none.

    Raises:
        UsageError: neither is given, and the model has parameters.
        FileNotFoundError: the file does not exist.
    """
    from wsolzoo.models.initial import has_parameters

    checkpoint = checkpoint or cfg.get('load_from')
    cfg.resume = False
    if not checkpoint:
        if 'model' in cfg and not has_parameters(cfg.model):
            return
        raise UsageError(
            'no checkpoint: name one after the config, or set load_from in the config; the zoo publishes none for it'
        )
    if '://' not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(missing_checkpoint(checkpoint))
    cfg.load_from = checkpoint


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


def set_pseudo_boxes(cfg: Config, given: str | None) -> None:
    """Let boxes of a file choose instead of true ones; protocols of pixels, which they cannot serve, choose nothing.

    Args:
        cfg: its validation split is wrapped in :class:`~wsolzoo.datasets.PseudoBoxes`.
        given: ``SOURCE=FILE``, a word for where the boxes come from and the file; nothing happens without it.

    Raises:
        UsageError: it is something else, or nothing is left to choose.
    """
    if given is None:
        return
    from wsolzoo.evaluation.localization.protocols import resolve

    source, equals, file = given.partition('=')
    if not (source and equals and file):
        raise UsageError(f'--pseudo-boxes takes SOURCE=FILE, such as ss-consensus=boxes.csv; got {given!r}')
    evaluator = cfg.get('val_evaluator')
    named = evaluator.get('protocols', []) if isinstance(evaluator, Mapping) else []
    boxed = [protocol for protocol in named if not resolve(protocol).is_pixel]
    if not boxed:
        raise UsageError('--pseudo-boxes needs a val_evaluator, one LocalizationMetric, with a protocol of boxes')
    cfg.val_evaluator.protocols = boxed
    cfg.val_dataloader.dataset = dict(type='PseudoBoxes', dataset=cfg.val_dataloader.dataset, boxes=file, source=source)


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


def check(cfg: Config, options: Sequence[str] = ()) -> None:
    """Refuse a config with misspelt keys, and print what is probably not meant.

    Raises:
        wsolzoo.run.names.ConfigError: a key or a type of the config is wrong.
    """
    _warn(check_config(cfg, parse_options(options)))


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        print(f'warning: {warning}', file=sys.stderr)


def explain_crash(error: BaseException, work_dir: str) -> str | None:
    """See :func:`wsolzoo.engine.crash.explain_crash`; a Ctrl-C may come before anything heavy is imported."""
    from wsolzoo.engine.crash import explain_crash

    return explain_crash(error, work_dir)


EXPLAINED = (FileNotFoundError, UserError)
"""Errors whose text says what is wrong and what to do: a tool prints them without a traceback."""


def build_runner(cfg: Config, training: bool = True):
    """Build the Runner of a checked config and everything it needs, after a look at what would make it fail later.

    Raises:
        wsolzoo.run.preflight.PreflightError: something would.
        WrongArgumentError: the config gives a component a keyword that it does not take.
    """
    from mmengine.runner import Runner

    from wsolzoo.engine.hooks.accelerate import set_accelerate
    from wsolzoo.registry import RUNNERS
    from wsolzoo.run import preflight

    set_accelerate(cfg)
    preflight.check_config(cfg, training)
    try:
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        quiet_logger(runner.logger)
        _warn(preflight.check_runner(runner, training))
    except (UserError, FileNotFoundError) as error:
        if not isinstance(error, WrongArgumentError):
            raise
        raise told(error, cfg) from error
    except BLAMED as error:
        problem = told(error, cfg)
        if problem is None:
            raise
        raise problem from error
    return runner
