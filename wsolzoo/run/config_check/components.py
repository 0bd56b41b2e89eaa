"""Unknown types and unknown keywords of the components a config names."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module

from mmengine.config import Config
from mmengine.registry import Registry

from wsolzoo import registry as ours
from wsolzoo.errors import meant, nearest
from wsolzoo.run.config_check.arguments import known
from wsolzoo.run.config_check.names import runner_names
from wsolzoo.run.config_check.report import Report

# Where a key's value is built from. A key that is not here is looked up in the registry of what it stands in.
REGISTRY_OF = {
    'model': ours.MODELS,
    'data_preprocessor': ours.MODELS,
    'model_wrapper_cfg': ours.MODEL_WRAPPERS,
    'init_cfg': ours.WEIGHT_INITIALIZERS,
    'dataset': ours.DATASETS,
    'datasets': ours.DATASETS,
    'pipeline': ours.TRANSFORMS,
    'transforms': ours.TRANSFORMS,
    'sampler': ours.DATA_SAMPLERS,
    'batch_sampler': ours.DATA_SAMPLERS,
    'collate_fn': ours.FUNCTIONS,
    'worker_init_fn': ours.FUNCTIONS,
    'val_evaluator': ours.METRICS,
    'test_evaluator': ours.METRICS,
    'metrics': ours.METRICS,
    'train_cfg': ours.LOOPS,
    'val_cfg': ours.LOOPS,
    'test_cfg': ours.LOOPS,
    'default_hooks': ours.HOOKS,
    'custom_hooks': ours.HOOKS,
    'optim_wrapper': ours.OPTIM_WRAPPERS,
    'optimizer': ours.OPTIMIZERS,
    'param_scheduler': ours.PARAM_SCHEDULERS,
    'visualizer': ours.VISUALIZERS,
    'vis_backends': ours.VISBACKENDS,
    'log_processor': ours.LOG_PROCESSORS,
}
# Keys that the builder of a place takes out before the constructor sees the rest.
TAKEN_BY_BUILDER = {
    'train_cfg': {'by_epoch'},
    'val_cfg': {'fp16'},
    'test_cfg': {'fp16'},
    'optim_wrapper': {'optimizer', 'constructor', 'paramwise_cfg'},
    'param_scheduler': {'convert_to_iter_based'},
    'init_cfg': {'override', 'layer'},
}
# What MMEngine builds where a place names no type.
DEFAULT_TYPE = {
    'val_cfg': 'ValLoop',
    'test_cfg': 'TestLoop',
    'visualizer': 'Visualizer',
    'log_processor': 'LogProcessor',
    'model_wrapper_cfg': 'MMDistributedDataParallel',
}
# Plain dicts: the keys that are read.
PLAIN = {
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'mp_cfg': {'mp_start_method', 'opencv_num_threads'},
    'auto_scale_lr': {'base_batch_size', 'enable'},
    'randomness': {'seed', 'deterministic', 'diff_rank_seed'},
    'custom_imports': {'imports', 'allow_failed_imports'},
}
PARAMWISE = {
    'custom_keys',
    'bias_lr_mult',
    'bias_decay_mult',
    'norm_decay_mult',
    'flat_decay_mult',
    'dwconv_decay_mult',
    'dcn_offset_lr_mult',
    'bypass_duplicate',
}
# Layer settings: the code that builds the layer adds arguments to them or takes some away.
LAYERS = {'norm_cfg', 'act_cfg', 'conv_cfg', 'upsample_cfg', 'padding_cfg', 'drop_path_cfg'}
HOOKS = {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
MARKS = {'type', '_scope_', '_delete_'}


def check_components(cfg: Config, report: Report) -> None:
    """Walk through everything the Runner builds and report types and keywords that do not exist."""
    import_module('mmengine.runner')  # fills MMEngine's own registries
    walker = _Walker(report)
    scope = cfg.get('default_scope', 'mmengine')
    for name in runner_names() & set(cfg):
        walker.visit(cfg[name], name, name, REGISTRY_OF.get(name), scope)


class _Walker:
    """Carries the report through the nested dicts."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def visit(self, value, path: str, key: str, registry: Registry | None, scope: str) -> None:
        """Check ``value``, found under ``key`` at ``path``, and everything inside it."""
        if isinstance(value, Mapping):
            scope = value.get('_scope_', scope)
            self.check(value, path, key, registry, scope)
            for name, child in value.items():
                # the keys of default_hooks are free names, `param_scheduler` among them
                inner = registry if key == 'default_hooks' else REGISTRY_OF.get(name, registry)
                self.visit(child, f'{path}.{name}', name, inner, scope)
        elif isinstance(value, list | tuple):
            for index, child in enumerate(value):
                self.visit(child, f'{path}[{index}]', key, registry, scope)

    def check(self, value: Mapping, path: str, key: str, registry: Registry | None, scope: str) -> None:
        """Check the keys of one dict."""
        if key.endswith('_dataloader') and 'dataset' in value:
            import_module('torch.utils.data')
            self.plain(value, path, _dataloader_keys())
        elif key in PLAIN:
            self.plain(value, path, PLAIN[key])
        elif key == 'default_hooks':
            for name in set(value) - HOOKS:
                if nearest(name, HOOKS):
                    self.report.errors.append(f'{path}.{name}: {meant(name, HOOKS)}')
        elif registry is not None:
            component = self.component(value, path, key, registry, scope)
            if component is not None and key not in LAYERS:
                self.keywords(value, path, key, component)

    def plain(self, value: Mapping, path: str, valid: set[str]) -> None:
        """Check a dict that is not a component against the keys that are read."""
        for name in set(value) - valid - MARKS:
            self.report.errors.append(f'{path}.{name}: nothing reads this key; {meant(name, valid)}')

    def component(self, value: Mapping, path: str, key: str, registry: Registry, scope: str) -> Callable | None:
        """What ``value`` will build, or nothing where it is a plain dict or cannot be told."""
        kind = value.get('type') or _default_type(key, value)
        if kind is None or not isinstance(kind, str):
            return kind
        place = _in_scope(registry, scope)
        if key.endswith('_evaluator') and kind in ('Evaluator', 'wsolzoo.Evaluator'):
            place = _in_scope(ours.EVALUATOR, scope)
        try:
            found = place.get(kind)
        except (KeyError, RuntimeError) as error:
            found, why = None, str(error)
        else:
            why = f'{kind!r} is not in the {place.name} registry of {place.scope}.'
        if found is None and (key in REGISTRY_OF or nearest(kind, place.module_dict)):
            self.report.errors.append(f'{path}.type: {why}')
        return found

    def keywords(self, value: Mapping, path: str, key: str, component: Callable) -> None:
        """Check the keys of ``value`` against what ``component`` takes."""
        valid, closed = known(component)
        if key == 'optim_wrapper':
            if 'optimizer' not in value:  # several optimizers: a constructor of its own reads the names
                return
            if 'constructor' not in value:
                self.plain(value.get('paramwise_cfg') or {}, f'{path}.paramwise_cfg', PARAMWISE)
        valid = valid | TAKEN_BY_BUILDER.get(key, set())
        title = getattr(component, '__name__', str(component))
        for name in [name for name in value if name not in valid | MARKS]:
            near = nearest(name, valid, cutoff=0.85)
            if closed:
                self.report.errors.append(f'{path}.{name}: {title} takes no {name!r}; {meant(name, valid)}')
            elif near:
                self.report.warnings.append(f'{path}.{name}: {title} takes any keyword; did you mean {near!r}?')


def _default_type(key: str, value: Mapping) -> str | None:
    if key == 'train_cfg':
        return 'EpochBasedTrainLoop' if value.get('by_epoch', True) else 'IterBasedTrainLoop'
    if key == 'optim_wrapper':
        return 'OptimWrapper' if 'optimizer' in value else None
    return DEFAULT_TYPE.get(key)


def _in_scope(registry: Registry, scope: str) -> Registry:
    """The sibling of ``registry`` in ``scope``; ``registry`` itself where there is none."""
    if scope == registry.scope:
        return registry
    top = registry.root
    if scope == top.scope:
        return top
    try:
        import_module(f'{scope}.registry')
    except ImportError:
        return registry
    return top.children.get(scope, registry)


def _dataloader_keys() -> set[str]:
    from torch.utils.data import DataLoader

    return set(inspect.signature(DataLoader.__init__).parameters) - {'self'} | {
        'num_batch_per_epoch',
        'disable_subprocess_warning',
    }
