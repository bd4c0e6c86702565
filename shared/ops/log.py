"""Structured logs, one JSON object a line on stdout: a fixed event name, ids and codes, never a payload."""

import logging
import sys
import time
import traceback
from collections.abc import Callable

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_SPARING_S = 10.0
_REMEMBERED = 1000
"""Words of libraries that are kept in mind: a bound, since some hold numbers that never come again."""


def _where(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Where an exception came from, without its words: they may quote a row or an input."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    return event


class Sparing(logging.Filter):
    """What a library says again in the same words is said once in ten seconds, with how often it was kept back.

    A client tries a dead broker again some thirty times a second, and logs each try. Our own events all pass.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is logged; how many were kept back before it is added to its words."""
        if not isinstance(record.msg, str):  # ours: structlog hands on a dict
            return True
        words, now = record.getMessage(), self._now()
        key = (record.name, words)
        until, kept_back = self._said.get(key, (now, 0))
        if now < until:
            self._said[key] = (until, kept_back + 1)
            return False
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[key] = (now + _SPARING_S, 0)
        if kept_back:
            record.msg, record.args = f"{words} (repeated {kept_back} times)", None
        return True


def configure(service: str, level: str) -> None:
    """Log as `service`; what libraries log comes out in the same shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _where,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("aiokafka").setLevel(max(logging.WARNING, root.level))
    structlog.contextvars.bind_contextvars(service=service)
