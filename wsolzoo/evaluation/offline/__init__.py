"""Evaluation of anybody's maps on disk, without a model, a config or torch."""
