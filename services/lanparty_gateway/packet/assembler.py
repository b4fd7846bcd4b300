"""An assembler for the kernel's packet filters (classic BPF, Documentation/networking/filter.rst).

Jumps go forward to labels. A conditional jump reaches 255 instructions; one that must go farther
gets an unconditional one behind it, which reaches everywhere.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

__all__ = [
    "INSTRUCTION",
    "MOST_INSTRUCTIONS",
    "Code",
    "Goto",
    "If",
    "Instruction",
    "Label",
    "Line",
    "Operation",
    "assemble",
    "packed",
]

MOST_INSTRUCTIONS: Final = 4_096
"""BPF_MAXINSNS: the kernel takes no longer program."""

INSTRUCTION: Final = struct.Struct("=HBBI")
"""struct sock_filter: code, skip if true, skip if false, operand."""

_FARTHEST: Final = 255


class Code(IntEnum):
    """The instructions that softlan uses, of linux/bpf_common.h."""

    LOAD_WORD = 0x20
    LOAD_HALF = 0x28
    LOAD_BYTE = 0x30
    LOAD_HALF_INDEXED = 0x48
    LOAD_INDEX_FROM_IP4_HEADER = 0xB1
    """X = 4 * (octet & 15): how long the IPv4 header there is."""
    AND = 0x54
    GOTO = 0x05
    IF_EQUAL = 0x15
    IF_GREATER = 0x25
    IF_ANY_BIT = 0x45
    RETURN = 0x06


class Instruction(NamedTuple):
    """One instruction as the kernel takes it."""

    code: int
    skip_true: int
    skip_false: int
    operand: int


class Label:
    """A place in a program: it stands as a line before what it names."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An instruction that doesn't jump."""

    code: Code
    operand: int


@dataclass(frozen=True, slots=True)
class If:
    """Compare A with the operand and go on somewhere; None: with the next line."""

    code: Code
    operand: int
    true: Label | None
    false: Label | None = None


@dataclass(frozen=True, slots=True)
class Goto:
    """Go on at the label."""

    label: Label


Line = Operation | If | Goto | Label


def assemble(lines: Sequence[Line]) -> list[Instruction]:
    """Return the program. A jump backwards, or to a label that isn't there, is a `ValueError`."""
    far: set[tuple[int, bool]] = set()  # the line's number, and which of its two ways
    while True:  # each turn finds more far jumps, of which there are finitely many
        places, labels = _lay_out(lines, far)
        farther = {
            (number, way)
            for number, line in enumerate(lines)
            if isinstance(line, If)
            for way, label in ((True, line.true), (False, line.false))
            if label is not None
            and (number, way) not in far
            and _distance(places[number], labels, label) > _FARTHEST
        }
        if not farther:
            break
        far |= farther
    return [
        instruction
        for number, line in enumerate(lines)
        for instruction in _encode(line, number, places[number], labels, far)
    ]


def packed(program: Iterable[Instruction]) -> bytes:
    """Return the program as an array of struct sock_filter."""
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in program)


def _lay_out(
    lines: Sequence[Line], far: set[tuple[int, bool]]
) -> tuple[list[int], dict[Label, int]]:
    places, labels, place = [], {}, 0
    for number, line in enumerate(lines):
        places.append(place)
        if isinstance(line, Label):
            labels[line] = place
        else:
            place += 1 + ((number, True) in far) + ((number, False) in far)
    return places, labels


def _distance(place: int, labels: Mapping[Label, int], label: Label) -> int:
    """Count the instructions between the one at `place` and the label."""
    if label not in labels:
        raise ValueError("a jump to a label that no line has")
    distance = labels[label] - place - 1
    if distance < 0:
        raise ValueError("a jump backwards, which the kernel refuses")
    return distance


def _encode(
    line: Line, number: int, place: int, labels: Mapping[Label, int], far: set[tuple[int, bool]]
) -> list[Instruction]:
    if isinstance(line, Label):
        return []
    if isinstance(line, Operation):
        return [Instruction(line.code, 0, 0, line.operand)]
    if isinstance(line, Goto):
        return [Instruction(Code.GOTO, 0, 0, _distance(place, labels, line.label))]
    skips, bridges = [], [label for way, label in _ways(line) if (number, way) in far]
    for way, label in _ways(line):
        if label is None:
            skips.append(len(bridges))
        elif (number, way) in far:
            skips.append(bridges.index(label))
        else:
            skips.append(_distance(place, labels, label))
    return [
        Instruction(line.code, skips[0], skips[1], line.operand),
        *(
            Instruction(Code.GOTO, 0, 0, _distance(place + 1 + nth, labels, label))
            for nth, label in enumerate(bridges)
            if label is not None
        ),
    ]


def _ways(line: If) -> tuple[tuple[bool, Label | None], tuple[bool, Label | None]]:
    return (True, line.true), (False, line.false)
