"""Answers that are streams of server-sent events (WHATWG HTML section 9.2), a bounded number."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from fastapi.sse import EventSourceResponse

from lanparty_relay.admin.problems import Problem

__all__ = ["KEEP_ALIVE_SECONDS", "StreamPlaces", "event_source", "event_source_responses"]

KEEP_ALIVE_SECONDS: Final = 15.0
"""Silence after which a comment goes, so that no proxy takes the stream for dead (9.2.7)."""

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}


class StreamPlaces:
    """How many streams may be open at once: each holds a connection, and work with each event."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place, or raise the `Problem` that there is none.

        For a dependency that yields: the place is free again once the answer is over.
        """
        if self._taken >= self._most:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._most} such streams are open already: end one first.",
                {"Retry-After": "10"},
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


def event_source(blocks: AsyncIterator[bytes]) -> EventSourceResponse:
    """Answer with blocks of `fastapi.sse.format_sse_event`, each when the reader takes it."""
    return EventSourceResponse(blocks, headers=_HEADERS)


def event_source_responses(item: str, example: str) -> Mapping[int | str, dict[str, Any]]:
    """Document such an answer, for FastAPI's `responses`.

    `item` names the component schema of an event's data, `example` is a piece of a stream.
    """  # Any: OpenAPI
    return {
        200: {
            "description": "Server-sent events. Comments keep the connection alive.",
            "content": {
                "text/event-stream": {
                    # OpenAPI 3.2 section 4.14.4
                    "itemSchema": {
                        "type": "object",
                        "required": ["data"],
                        "properties": {
                            "event": {"type": "string"},
                            "id": {"type": "string"},
                            "data": {
                                "type": "string",
                                "contentMediaType": "application/json",
                                "contentSchema": {"$ref": f"#/components/schemas/{item}"},
                            },
                        },
                    },
                    "example": example,
                }
            },
        }
    }
