"""Which view a command that stays in a room has, and how it is kept up to date."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lanparty_command import CommandFailed, ExitCode
from lanparty_endpoint import endings
from lanparty_endpoint.handlers import Answering, figures
from lanparty_endpoint.live_view import LiveView, fits_terminal
from lanparty_endpoint.views import JsonView, LineView, View

__all__ = ["drawn", "in_view", "view_for"]

_REDRAW_INTERVAL: Final = 1.0


def view_for(*, json: bool, quiet: bool, verbose: bool, returns: bool = False) -> View:
    """Choose a view by the options; a command that `returns` soon redraws nothing."""
    if json:
        return JsonView(verbose=verbose)
    if not quiet and not returns and fits_terminal():
        return LiveView(quiet=False, verbose=verbose)
    return LineView(quiet=quiet, verbose=verbose)


def in_view(view: View, run: Callable[[], int]) -> int:
    """Run what shows in a view, and return its exit code; programs read a failure as JSON, too."""
    try:
        return run()
    except CommandFailed as failure:
        if not isinstance(view, JsonView):
            raise
        view.show(endings.failed(str(failure), exit_code=failure.exit_code))
        return failure.exit_code
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED  # Told a second time to go, while it was saying goodbye.


@contextmanager
def drawn(view: View, session: Answering) -> Iterator[None]:
    """Keep the figures of a session in a view that wants them."""
    task = asyncio.create_task(_draw(view, session)) if view.wants_figures else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _draw(view: View, session: Answering) -> None:
    while True:
        view.update(figures(session))
        await asyncio.sleep(_REDRAW_INTERVAL)
