"""A session's status as a few lines for a person. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["fact_line", "status_lines"]

_JOINED: Final = "joined"
_LABEL_WIDTH: Final = 9


def status_lines(status: Mapping[str, Any]) -> list[str]:  # Any: JSON
    """Say what a session answers to `status`. Names come from others: print without markup."""
    facts = [fact_line(label, text) for label, text in _facts(status)]
    return [f"{status['interface']}: {status['state']}", *facts]


def fact_line(label: str, text: str) -> str:
    """Write one fact below a session's first line."""
    return f"  {label:<{_LABEL_WIDTH}}{text}"


def _facts(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # Any: JSON
    if status["state"] != _JOINED and status["sentence"]:
        yield "now", status["sentence"]
    if status["room_code"]:
        yield "room", status["room_code"]
    if status.get("invite"):
        yield "invite", status["invite"]
    yield "name", status["name"]
    yield "address", ", ".join(status["addresses"]) or "none"
    if status["mac"]:  # A gateway has none of its own.
        yield "MAC", status["mac"]
    time = status["round_trip_time"]
    measured = "" if time is None else f", round trip {time * 1_000:.1f} ms"
    yield "relay", f"{status['relay']}{measured}"
    for notice in status["notices"]:
        yield "note", notice
    for at, member in enumerate(status["members"]):
        yield "friends" if at == 0 else "", _named(member)


def _named(member: Mapping[str, Any]) -> str:  # Any: JSON
    name = f"{member['name']} (gateway)" if member["role"] == "gateway" else member["name"]
    return ", ".join(filter(None, (name, member["address"], member["mac"])))
