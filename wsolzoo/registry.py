"""Every MMEngine root registry has a child here, so that configs with ``default_scope='wsolzoo'`` find our components.

``locations`` name the modules that register components; MMEngine imports them when a type is first looked up.
"""

from mmengine import registry as root
from mmengine.registry import Registry

_LOCATIONS = {
    'runner': ['wsolzoo.engine'],
    'runner constructor': ['wsolzoo.engine'],
    'loop': ['wsolzoo.engine'],
    'hook': ['wsolzoo.engine'],
    'log_processor': ['wsolzoo.engine'],
    'strategy': ['wsolzoo.engine'],
    'optimizer': ['wsolzoo.engine'],
    'optimizer wrapper': ['wsolzoo.engine'],
    'optimizer wrapper constructor': ['wsolzoo.engine'],
    'parameter scheduler': ['wsolzoo.engine'],
    'dataset': ['wsolzoo.datasets'],
    'data sampler': ['wsolzoo.datasets'],
    'transform': ['wsolzoo.datasets'],
    'model': ['wsolzoo.models', 'wsolzoo.methods'],
    'model wrapper': ['wsolzoo.models'],
    'weight initializer': ['wsolzoo.models'],
    'task util': ['wsolzoo.models'],
    'metric': ['wsolzoo.evaluation.metrics'],
    'evaluator': ['wsolzoo.evaluation.metrics'],
    'function': ['wsolzoo.evaluation.metrics'],
    'visualizer': ['wsolzoo.visualization'],
    'vis_backend': ['wsolzoo.visualization'],
    'inferencer': ['wsolzoo.apis'],
}


def _child(parent: Registry) -> Registry:
    return Registry(parent.name, parent=parent, scope='wsolzoo', locations=_LOCATIONS[parent.name])


RUNNERS = _child(root.RUNNERS)
RUNNER_CONSTRUCTORS = _child(root.RUNNER_CONSTRUCTORS)
LOOPS = _child(root.LOOPS)
HOOKS = _child(root.HOOKS)
LOG_PROCESSORS = _child(root.LOG_PROCESSORS)
STRATEGIES = _child(root.STRATEGIES)
OPTIMIZERS = _child(root.OPTIMIZERS)
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(root.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(root.PARAM_SCHEDULERS)
DATASETS = _child(root.DATASETS)
DATA_SAMPLERS = _child(root.DATA_SAMPLERS)
TRANSFORMS = _child(root.TRANSFORMS)
MODELS = _child(root.MODELS)
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(root.WEIGHT_INITIALIZERS)
TASK_UTILS = _child(root.TASK_UTILS)
METRICS = _child(root.METRICS)
EVALUATOR = _child(root.EVALUATOR)
FUNCTIONS = _child(root.FUNCTIONS)
VISUALIZERS = _child(root.VISUALIZERS)
VISBACKENDS = _child(root.VISBACKENDS)
INFERENCERS = _child(root.INFERENCERS)
