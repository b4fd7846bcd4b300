"""The console script `lanparty-gateway`; the program itself is loaded when Ctrl-C can't hurt it."""

from collections.abc import Sequence

from lanparty_endpoint.starting import leaving_on_interrupt

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with `arguments`, the process's when None, and return the exit code."""
    with leaving_on_interrupt():
        from lanparty_gateway.program import run

        return run(arguments)
