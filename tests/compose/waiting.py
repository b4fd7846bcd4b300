"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_until"]

SeenT = TypeVar("SeenT")


def wait_until(
    look: Callable[[], SeenT | None], what: str, *, limit: float, pause: float = 0.2
) -> SeenT:
    """Look until something is seen, and return it; fail with `what` after `limit` seconds."""
    give_up_at = time.monotonic() + limit
    while not (seen := look()):
        assert time.monotonic() < give_up_at, f"not within {limit:g} s: {what}; seen: {seen!r}"
        time.sleep(pause)
    return seen
