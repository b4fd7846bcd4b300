"""The live view on a terminal: who is in the room, and how the connection is, below the lines."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Final, Literal, Self, TypedDict

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lanparty_endpoint.console import plain_console, print_sentence
from lanparty_endpoint.happenings import Happening, Weight
from lanparty_endpoint.rates import Rates, Reading, written_rate
from lanparty_endpoint.still_keyboard import still_keyboard
from lanparty_endpoint.views import is_for

__all__ = ["LiveView", "fits_terminal", "render"]


class _OneLine(TypedDict):
    no_wrap: bool
    overflow: Literal["ellipsis"]


_ROWS: Final = 12
"""Members that are listed; a terminal has 24 lines."""

_ONE_LINE: Final[_OneLine] = {"no_wrap": True, "overflow": "ellipsis"}
_GOOD: Final = "joined"


def fits_terminal() -> bool:
    """Tell whether stdout is a terminal that can redraw."""
    console = plain_console()
    return sys.stdout is not None and console.is_terminal and not console.is_dumb_terminal


class LiveView:
    """Redraws a few lines below everything that is printed."""

    wants_figures = True

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._rates = Rates()
        self._live = Live(
            console=plain_console(), auto_refresh=False, transient=True, redirect_stderr=True
        )
        self._open = ExitStack()

    def show(self, happening: Happening) -> None:
        """Print it above the live lines, if it is for this reader."""
        if is_for(happening, quiet=self._quiet, verbose=self._verbose):
            print_sentence(self._live.console, happening.message, style=_style(happening))

    def update(self, figures: Mapping[str, Any]) -> None:  # Any: JSON
        """Redraw with the figures of this moment."""
        reading = self._rates.read(figures)
        self._live.update(render(figures, reading), refresh=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._open.enter_context(still_keyboard())
        self._open.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the live lines away; what was printed stays."""
        self._open.close()


def render(figures: Mapping[str, Any], reading: Reading) -> RenderableType:  # Any: JSON
    """Draw the live lines. `figures` are those that a session answers."""
    status = figures["status"]
    members = status["members"]
    table = Table.grid(padding=(0, 2))
    for member in members[:_ROWS]:
        gateway = member["role"] == "gateway"
        table.add_row(
            Text("  " + member["name"]),
            Text(member["address"] or ("gateway" if gateway else "-")),
            Text(member["mac"] or "", style="dim"),
        )
    if len(members) > _ROWS:
        table.add_row(Text(f"  and {len(members) - _ROWS} more", style="dim"))
    lines: list[RenderableType] = [_heading(status), _connection(status, reading)]
    if status["state"] == _GOOD:
        lines.append(table if members else Text("  Nobody else is here yet.", style="dim"))
    return Group(*lines)


def _heading(status: Mapping[str, Any]) -> RenderableType:  # Any: JSON
    joined = status["state"] == _GOOD
    parts = [status["interface"], ", ".join(status["addresses"]) or "no address"]
    if status["room_code"]:
        parts.insert(0, f"room {status['room_code']}")
    heading = Text(" · ".join(parts), style="bold", **_ONE_LINE)
    if joined or not status["sentence"]:
        return heading
    return Group(heading, Text(status["sentence"], style="yellow"))


def _connection(status: Mapping[str, Any], reading: Reading) -> Text:  # Any: JSON
    time = status["round_trip_time"]
    parts = [
        f"relay {status['relay']}",
        "RTT -" if time is None else f"RTT {time * 1_000:.0f} ms",
        "" if reading.loss is None else f"loss {reading.loss:.1%}",
        f"in {written_rate(reading.bits_in)}",
        f"out {written_rate(reading.bits_out)}",
    ]
    return Text(" · ".join(filter(None, parts)), style="dim", **_ONE_LINE)


def _style(happening: Happening) -> str:
    return {Weight.COMPLAINT: "red", Weight.DETAIL: "dim"}.get(happening.weight, "")
