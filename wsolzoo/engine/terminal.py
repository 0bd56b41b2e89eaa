"""What the terminal shows of MMEngine's log: the file keeps every line, the screen only what a person waits for."""

import logging

ROUTINE = ('runner', 'logger_hook', 'checkpoint_hook')
"""Modules of MMEngine whose notes (environment, config, list of hooks, every tenth iteration) fill screens."""


class DropRoutine(logging.Filter):
    """Keeps routine notes off a handler; warnings and errors pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be shown."""
        return record.levelno > logging.INFO or record.module not in ROUTINE


def terminal_handlers(logger: logging.Logger) -> list[logging.StreamHandler]:
    """The handlers of a logger that write to a terminal rather than to a file."""
    return [
        h for h in logger.handlers if isinstance(h, logging.StreamHandler) and not isinstance(h, logging.FileHandler)
    ]


def hush(logger: logging.Logger) -> None:
    """Attach :class:`DropRoutine` to the terminal handlers of a logger, once."""
    for handler in terminal_handlers(logger):
        if not any(isinstance(known, DropRoutine) for known in handler.filters):
            handler.addFilter(DropRoutine())
