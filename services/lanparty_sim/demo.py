"""`python -m lanparty_sim.demo` is `make demo`; it is loaded when Ctrl-C can't hurt it."""

import sys

from lanparty_endpoint.starting import leaving_on_interrupt

__all__ = ["main"]


def main() -> int:
    """Run with the process's arguments and return the exit code."""
    with leaving_on_interrupt():
        from lanparty_sim.showing import show

        return show()


if __name__ == "__main__":
    sys.exit(main())
