"""A few lines of Python instead of a config and a Runner: find a model, load it, ask it about any image."""

from wsolzoo.apis.inferencer import Inferencer
from wsolzoo.apis.zoo_models import find_model, get_model, list_models, model_entry

__all__ = ['Inferencer', 'find_model', 'get_model', 'list_models', 'model_entry']
