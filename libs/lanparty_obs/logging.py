"""Structured logging, set up once by each program; the one module of this package that acts.

Everything goes through one handler: softlan's own events, and what libraries (uvicorn, asyncio,
the QUIC engine) log by the standard library. Fields have fixed names: `room` is a public room id,
`peer` a peer id, `reason` a code or a drop reason. Secrets are hidden before anything is written,
and what a peer wrote can't move the cursor or forge a line.
"""

import logging
import re
import sys
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from lanparty_obs.redaction import redacted

__all__ = ["LEVELS", "configure", "get_logger"]

LEVELS: Final = ("debug", "info", "warning", "error")

_HAVE_HANDLERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
"""Libraries that bring handlers of their own, which would write everything twice."""

_CHATTY: Final = ("asyncio", "httpcore", "httpx", "uvicorn.access")
"""Libraries that log each request or connection: heard from WARNING on, or in full at DEBUG."""

_MANY_LINED: Final = ("exception", "stack")
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def configure(*, json: bool, level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging for this process: one JSON object a line for machines, or text for people.

    `level` is one of `LEVELS`; `stream` is standard error if None. Call it before anything logs;
    a later call replaces the earlier one. A library's own logging configuration must be off
    (uvicorn: `log_config=None`).
    """
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
    output = sys.stderr if stream is None else stream
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_enriched(json=json),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # A logger that remembers its processors would ignore a later `configure`.
        cache_logger_on_first_use=False,
    )
    handler = _Handler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_enriched(json=json),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendered(json=json, colors=output.isatty()),
            ],
        )
    )
    _route_standard_library(handler, level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a part; `bind` fixed fields (`room`, `peer`) to it where they begin."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


class _Handler(logging.StreamHandler[TextIO]):
    """The handler that `configure` made, told apart from everybody else's."""


def _route_standard_library(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _HAVE_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _CHATTY:
        quiet = logging.NOTSET if level == "debug" else max(logging.WARNING, root.level)
        logging.getLogger(name).setLevel(quiet)


def _enriched(*, json: bool) -> list[Processor]:
    clock = (
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if json
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    )
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        clock,
        structlog.processors.StackInfoRenderer(),
    ]


def _rendered(*, json: bool, colors: bool) -> list[Processor]:
    # Tracebacks become text first, so that what is in them is hidden and made printable as well.
    hidden: list[Processor] = [structlog.processors.format_exc_info, _hide_secrets]
    if json:
        # ASCII only: nothing in it can move a cursor.
        return [*hidden, structlog.processors.JSONRenderer()]
    # Never rich's tracebacks: they print local variables, and so secrets.
    console = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    return [*hidden, _make_printable, console]


def _hide_secrets(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    return cast("EventDict", redacted(fields))


def _make_printable(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    return {
        name: _printable(name, value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _printable(name: str, text: str) -> str:
    escaped = _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)
    return escaped if name in _MANY_LINED else escaped.replace("\n", "\\n")
