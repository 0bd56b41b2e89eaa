"""What a model config needs before its first answer: weights, or none."""

import copy


def without_weights(model: dict) -> dict:
    """A copy of a model config that initialises at random where the original would fetch pretrained weights."""
    model = copy.deepcopy(model)
    if isinstance(model.get('init_cfg'), dict) and str(model['init_cfg'].get('type')).startswith('Pretrained'):
        model['init_cfg'] = None
    if model.get('pretrained') is True:
        model['pretrained'] = False
    for key, value in model.items():
        if isinstance(value, dict):
            model[key] = without_weights(value)
    return model


def has_parameters(model: dict) -> bool:
    """Whether the model of a config has anything to load: an estimator without a network has not."""
    import torch
    from mmengine.registry import DefaultScope

    from wsolzoo.registry import MODELS

    with DefaultScope.overwrite_default_scope('wsolzoo'), torch.device('meta'):
        return any(True for _ in MODELS.build(without_weights(model)).parameters())
