"""From a command line to a worker of a study, with every refusal that can be made before anything is trained."""

import json
from argparse import Namespace
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.run import launch
from wsolzoo.run.options import UsageError, parse_options
from wsolzoo.run.search.space import own_values, read_space
from wsolzoo.run.search.study import Settings, Study
from wsolzoo.run.search.trial import check_roles
from wsolzoo.run.search.worker import Worker

METRIC = 'MaxBoxAccV2'


def open_search(args: Namespace) -> Worker:
    """A worker of the study that a command line means.

    Args:
        args: ``config``, ``space``, ``trials``, ``workers``, ``metric``, ``minimize``, ``sampler``, ``no_pruning``,
            ``epochs``, ``seed``, ``work_dir`` and ``cfg_options`` of ``tools/search.py``.

    Raises:
        FileNotFoundError: the config or the space does not exist.
        UserError: the space touches what it must not, or the study was begun with other settings.
    """
    for name in ('trials', 'workers', 'epochs'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f'--{name} must be at least 1; got {getattr(args, name)}')
    cfg = launch.load_config(args.config, args.cfg_options)
    launch.check(cfg, args.cfg_options)
    space = tuple(read_space(args.space, cfg))
    check_roles(cfg, space)
    if args.epochs is not None and 'max_epochs' not in cfg.train_cfg:
        raise UsageError('--epochs ends trainings that are counted in epochs; train_cfg has no max_epochs')
    chosen = saved_best(cfg)
    settings = Settings(
        config=fingerprint(cfg),
        space=space,
        metric=args.metric or chosen or METRIC,
        minimize=args.minimize,
        best=bool(chosen) and args.metric in (None, chosen),
        sampler=args.sampler,
        pruning=not args.no_pruning,
        seed=args.seed if args.seed is not None else (cfg.get('randomness') or {}).get('seed') or 0,
        epochs=args.epochs,
    )
    folder = Path(args.work_dir or Path('work_dirs', 'search', Path(cfg.filename).stem))
    study = Study(folder, settings, first=own_values(space, cfg))
    return Worker(study, cfg, parse_options(args.cfg_options))


def saved_best(cfg: Config) -> str | None:
    """The one score by which the config keeps its best checkpoint, if it does."""
    wanted = ((cfg.get('default_hooks') or {}).get('checkpoint') or {}).get('save_best')
    return wanted if isinstance(wanted, str) and wanted != 'auto' else None


def fingerprint(cfg: Any) -> str:
    """A hash of everything in a config but where its results go."""
    content = {key: value for key, value in cfg.to_dict().items() if key != 'work_dir'}
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
