"""Python's collector of cyclic garbage, which would stop the relay for what it seldom has."""

import gc
from typing import Final

__all__ = ["settle_collector"]

_THRESHOLDS: Final = (20_000, 10, 50)
"""Objects made and not freed between two collections, 700 in Python's own setting: a connection is
300. Then how many collections of a generation make one of the next."""


def settle_collector() -> None:
    """Let collections be rare; call it when all is loaded, before players are served.

    A collection looks at every object that was made since the last, a full one at all that live:
    0.15 ms for each connection, a tenth of a second with 700 players, and Python begins one
    whenever their number has grown by a quarter. A relay makes next to no cycles: an ended
    connection is freed without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
