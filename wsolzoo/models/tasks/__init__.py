"""What a model is asked for, one file a task."""

from wsolzoo.models.tasks import estimator, localizer

__all__ = ['estimator', 'localizer']
