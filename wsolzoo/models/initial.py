"""A model config without what only its own training needs."""

import copy


def without_weights(model: dict) -> dict:
    """A copy of a model config that initialises at random where the original would fetch pretrained weights."""
    model = copy.deepcopy(model)
    if isinstance(model.get('init_cfg'), dict) and str(model['init_cfg'].get('type')).startswith('Pretrained'):
        model['init_cfg'] = None
    for key, value in model.items():
        if isinstance(value, dict):
            model[key] = without_weights(value)
    return model
