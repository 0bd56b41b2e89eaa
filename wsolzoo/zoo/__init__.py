"""The model zoo's books: metafiles, the rules for configs, and the tables generated from them (``tools/zoo.py``)."""
