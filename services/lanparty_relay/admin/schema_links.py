"""How one answer leads to the next question, as links of the schema (OpenAPI 3.1 section 4.8.20).

For readers of the schema, for programs that are made from it, and for tests that walk along.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["add_links"]

_ROOM: Final = "/api/v1/rooms/{room_id}"
_PEER: Final = _ROOM + "/peers/{peer_id}"


@dataclass(frozen=True, slots=True)
class _Source:
    """An answer that names rooms or peers."""

    path: str
    method: str
    status: str
    parameters: Mapping[str, str]
    """Where in it the ids are, as runtime expressions."""
    leads_to: str
    """The path that takes them; whatever lies below it is asked with them too."""


_SOURCES: Final = (
    _Source("/api/v1/rooms", "post", "201", {"room_id": "$response.body#/room_id"}, _ROOM),
    _Source("/api/v1/rooms", "get", "200", {"room_id": "$response.body#/rooms/0/room_id"}, _ROOM),
    _Source(
        "/api/v1/peers",
        "get",
        "200",
        {
            "room_id": "$response.body#/peers/0/room_id",
            "peer_id": "$response.body#/peers/0/peer_id",
        },
        _PEER,
    ),
)


def add_links(schema: dict[str, Any]) -> None:  # Any: OpenAPI
    """Add the links to a schema that has all paths."""
    paths = schema["paths"]
    for source in _SOURCES:
        links = paths[source.path][source.method]["responses"][source.status].setdefault(
            "links", {}
        )
        for path, operations in paths.items():
            if not path.startswith(source.leads_to) or _missing(path, source.parameters):
                continue
            for operation in operations.values():
                links[operation["operationId"]] = {
                    "operationId": operation["operationId"],
                    "parameters": dict(source.parameters),
                }


def _missing(path: str, parameters: Mapping[str, str]) -> bool:
    """Whether the path needs more than these parameters."""
    return path.count("{") > len(parameters)
