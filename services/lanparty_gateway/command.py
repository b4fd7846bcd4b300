"""The console script `lanparty-gateway`; the program itself is loaded when Ctrl-C can't hurt it."""

import sys
from collections.abc import Sequence

from lanparty_endpoint.starting import leaving_on_interrupt

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, the process's when None, and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    with leaving_on_interrupt():
        if list(given[:1]) == ["health"]:  # A container's check, and light.
            from lanparty_gateway.health import run
        else:
            from lanparty_gateway.program import run

        return run(given)
