"""What a fuzz target is: a subject that takes one input after the other, and its invariants.

A target needs no fuzzer: tests replay inputs through it. What is wrong with a subject raises from
`feed`, mostly as `AssertionError`; whatever a stranger's input may cause doesn't.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["Feed", "Target", "chain", "links", "replay"]

Feed: TypeAlias = Callable[[bytes], None]
"""Gives one input to a subject; raises if an invariant doesn't hold."""

_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One parser or state machine that a stranger reaches."""

    name: str
    subject: str
    """For the table: what is fed."""
    largest_input: int
    """Bytes."""
    begin: Callable[[], Feed]
    """Makes a new subject."""
    inputs_for_one_subject: int = 1
    """More than one where making a subject costs far more than an input: it lives on, and a crash
    may come from all that it was given. 0: for ever."""


def chain(inputs: Iterable[bytes]) -> bytes:
    """Write what one subject was given, in order, as one recorded input."""
    return b"".join(len(data).to_bytes(_LENGTH_BYTES, "big") + data for data in inputs)


def links(recorded: bytes) -> Iterator[bytes]:
    """Read what `chain` wrote."""
    at = 0
    while at < len(recorded):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(recorded[at:start], "big")
        yield recorded[start:at]


def replay(target: Target, inputs: Iterable[bytes]) -> None:
    """Give inputs to one new subject; raises as `feed` does."""
    feed = target.begin()
    for data in inputs:
        feed(data)
