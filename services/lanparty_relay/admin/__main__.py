"""`python -m lanparty_relay.admin LINK COUNTERS LISTENER`: the relay starts it so."""

import sys

from lanparty_command import ExitCode
from lanparty_relay.admin.process import run_admin

__all__: list[str] = []


def main(arguments: list[str]) -> int:
    """Run on the three descriptors; whoever starts it by hand is told what to start instead."""
    if len(arguments) != 3 or not all(argument.isdigit() for argument in arguments):
        print("The relay starts this process: run lanparty-relay.", file=sys.stderr)
        return ExitCode.USAGE
    link, counters, listener = map(int, arguments)
    return run_admin(link, counters, listener)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
