"""A gateway's status as a few lines for a person. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lanparty_endpoint.status_lines import fact_line, status_lines

__all__ = ["gateway_status_lines"]

_WAITING: Final = "waiting"
_PHASES: Final = {
    "forwarding": "yes",
    "checking": "not yet: it looks for loops and other gateways first",
    "not_joined": "no: it isn't in the room",
    "link_down": "no: the interface has no link",
}


def gateway_status_lines(status: Mapping[str, Any]) -> list[str]:  # Any: JSON
    """Say what a gateway answers to `status`. Names come from others: print without markup."""
    facts = [fact_line(label, text) for label, text in _facts(status)]
    return [*status_lines(status), *facts]


def _facts(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # Any: JSON
    lan, forwarding = status["lan"], status["forwarding"]
    yield "LAN", f"link {lan['link']}, MAC {lan['mac']}, {_hosts(lan['table_size'])} heard"
    yield "bridged", _bridged(status["state"], forwarding["phase"])
    for label, way in (("to room", status["lan_to_room"]), ("to LAN", status["room_to_lan"])):
        yield label, f"{_frames(way['forwarded'])}{_dropped(way['dropped'])}"
    if lan["port"]["kernel_drops"]:
        yield "", f"{_frames(lan['port']['kernel_drops'])} came faster than they could be read"


def _bridged(state: str, phase: str) -> str:
    if state == _WAITING:
        return "no: it waits as a standby"
    return _PHASES.get(phase, "no: it has stopped, and the note above says why")


def _dropped(dropped: Mapping[str, int]) -> str:
    if not dropped:
        return ""
    reasons = sorted(dropped.items(), key=lambda item: -item[1])
    return "; kept out: " + ", ".join(
        f"{count} {reason.replace('_', ' ')}" for reason, count in reasons
    )


def _hosts(count: int) -> str:
    return f"{count} machine{'s' * (count != 1)}"


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count != 1)}"
