"""A few lines of Python instead of a config and a Runner: find a model, load it, localize in any image."""

from wsolzoo.apis.inferencer import LocalizationInferencer
from wsolzoo.apis.map_inferencer import MapInferencer
from wsolzoo.apis.zoo_models import get_model, list_models, model_entry

__all__ = ['LocalizationInferencer', 'MapInferencer', 'get_model', 'list_models', 'model_entry']
