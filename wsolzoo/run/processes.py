"""A run of several processes, with GPUs or without."""

import os

from mmengine.config import Config

from wsolzoo.run.options import UsageError


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
