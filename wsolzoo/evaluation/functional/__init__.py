"""Arrays in, numbers out: no registry, no config, no torch."""
