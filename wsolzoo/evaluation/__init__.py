"""Evaluation: protocols, numbers from arrays, and the metrics that feed them."""
