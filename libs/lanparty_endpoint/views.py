"""How what happens is shown: as JSON lines for programs, or as lines for a person.

The live view for terminals is in `live_view`.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from lanparty_endpoint.console import plain_console, print_sentence
from lanparty_endpoint.happenings import Happening, Weight

__all__ = ["JsonView", "LineView", "View", "is_for"]


class View(Protocol):
    """Shows happenings between entering and leaving it as a context."""

    @property
    def wants_figures(self) -> bool:
        """Whether `update` has any use."""
        ...

    def show(self, happening: Happening) -> None:
        """Show what happened."""
        ...

    def update(self, figures: Mapping[str, Any]) -> None:  # Any: JSON
        """Take the figures of this moment."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """End."""
        ...


class JsonView(AbstractContextManager["JsonView"]):
    """Prints one object a line; details only if `verbose`."""

    wants_figures = False

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose

    def show(self, happening: Happening) -> None:
        """Print it."""
        if is_for(happening, quiet=False, verbose=self._verbose):
            print(json.dumps(happening.to_dict(time=datetime.now(UTC))), flush=True)

    def update(self, figures: Mapping[str, Any]) -> None:  # Any: JSON
        """Ignore figures: whoever wants them asks for `status --json`."""

    def __exit__(self, *_: object) -> None:
        """End."""


class LineView(AbstractContextManager["LineView"]):
    """Prints plain lines; complaints go to stderr."""

    wants_figures = False

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._console = plain_console()
        self._complaints = plain_console(stderr=True)

    def show(self, happening: Happening) -> None:
        """Print it, if it is for this reader."""
        if is_for(happening, quiet=self._quiet, verbose=self._verbose):
            complaint = happening.weight is Weight.COMPLAINT
            console = self._complaints if complaint else self._console
            print_sentence(console, happening.message)

    def update(self, figures: Mapping[str, Any]) -> None:  # Any: JSON
        """Ignore figures."""

    def __exit__(self, *_: object) -> None:
        """End."""


def is_for(happening: Happening, *, quiet: bool, verbose: bool) -> bool:
    """Tell whether a reader who asked for `quiet` or for `verbose` is told of it."""
    match happening.weight:
        case Weight.DETAIL:
            return verbose
        case Weight.NORMAL:
            return not quiet
        case _:
            return True
