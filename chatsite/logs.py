"""How this process tells what it does: lines for people, or JSON, on standard error."""

import logging
import sys
from typing import Any

import structlog

# Twisted and daphne tell of each connection; the channel layer of each subscription.
_TALKATIVE = ("daphne", "twisted", "asyncio", "httpx", "httpx2", "openai", "aiohttp")


class NoSweeps(logging.Filter):
    """Keeps back that a sweep was due, was taken and went well: every few seconds, for ever."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or "tasks.sweep_" not in record.getMessage()


def configuration(*, level: str, as_json: bool) -> dict[str, Any]:
    """What Django's LOGGING is to be. With DEBUG nothing of ours is kept back. Sets structlog up to write the same."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(as_json)],
                "foreign_pre_chain": shared,
            }
        },
        "filters": {"no_sweeps": {"()": NoSweeps}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": [] if level == "DEBUG" else ["no_sweeps"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in _TALKATIVE},
    }


def _rendering(as_json: bool) -> list[Any]:
    # Plain tracebacks: those with local variables would print what members said, and keys.
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]
