"""What of the log is no news."""

import logging


class NoSweeps(logging.Filter):
    """Keeps back that a sweep was due, was taken and went well: every few seconds, for ever."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or "tasks.sweep_" not in record.getMessage()
