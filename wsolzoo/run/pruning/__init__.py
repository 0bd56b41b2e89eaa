"""Cutting a trained network from the command line, and the study of what a cut costs and saves."""
