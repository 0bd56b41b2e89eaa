"""What a model is asked for: a contract, and one file a task."""

from wsolzoo.models.tasks.contract import Task, task_of
from wsolzoo.models.tasks.estimator import DenseMaps, Estimator
from wsolzoo.models.tasks.localizer import Localization, Localizer
from wsolzoo.models.tasks.pictures import Pictures

__all__ = ['DenseMaps', 'Estimator', 'Localization', 'Localizer', 'Pictures', 'Task', 'task_of']
