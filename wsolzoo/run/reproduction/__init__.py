"""The zoo's numbers made again: metafiles record commands, :mod:`session` runs them and compares."""
