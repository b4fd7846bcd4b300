"""The assembler of packet filters: labels, short jumps and far ones."""

import pytest

from lanparty_gateway.packet.assembler import (
    Code,
    Goto,
    If,
    Instruction,
    Label,
    Line,
    Operation,
    assemble,
    packed,
)

FILLER = Operation(Code.LOAD_BYTE, 0)


def test_a_conditional_jump_counts_the_instructions_between() -> None:
    there = Label()
    program = assemble([If(Code.IF_EQUAL, 7, there), FILLER, there, Operation(Code.RETURN, 1)])
    assert program[0] == Instruction(Code.IF_EQUAL, 1, 0, 7)
    assert len(program) == 3


@pytest.mark.parametrize("way", ["true", "false", "both"])
@pytest.mark.parametrize(
    "between", [pytest.param(255, id="as far as it reaches"), pytest.param(256, id="farther")]
)
def test_a_far_target_is_reached_by_a_jump_that_reaches_everywhere(way: str, between: int) -> None:
    there = Label()
    true = there if way in ("true", "both") else None
    false = there if way in ("false", "both") else None
    lines: list[Line] = [If(Code.IF_EQUAL, 7, true, false), *[FILLER] * between]
    program = assemble([*lines, there, Operation(Code.RETURN, 1)])
    far = program[1].code == Code.GOTO
    assert far == (between > 255)
    for compares, label in ((True, true), (False, false)):
        place = 1 + (program[0].skip_true if compares else program[0].skip_false)
        if program[place].code == Code.GOTO:
            place += 1 + program[place].operand
        goes_on = place == len(program) - 1 if label else program[place].code == Code.LOAD_BYTE
        assert goes_on


def test_jumps_that_grow_past_others_are_found_in_turns() -> None:
    there = Label()
    lines: list[Line] = [If(Code.IF_EQUAL, n, there) for n in range(300)]
    program = assemble([*lines, there, Operation(Code.RETURN, 1)])
    for place, instruction in enumerate(program[:-1]):
        if instruction.code == Code.GOTO:
            assert place + 1 + instruction.operand == len(program) - 1
        elif instruction.skip_true:
            assert place + 1 + instruction.skip_true == len(program) - 1


def test_a_jump_without_condition_has_any_length() -> None:
    there = Label()
    program = assemble([Goto(there), *[FILLER] * 3_000, there, Operation(Code.RETURN, 1)])
    assert program[0] == Instruction(Code.GOTO, 0, 0, 3_000)


def test_a_jump_backwards_or_to_nowhere_is_a_mistake() -> None:
    there = Label()
    with pytest.raises(ValueError, match="backwards"):
        assemble([there, FILLER, Goto(there)])
    with pytest.raises(ValueError, match="no line"):
        assemble([If(Code.IF_EQUAL, 1, Label()), FILLER])


def test_the_packed_program_is_an_array_of_the_kernel_s_structure() -> None:
    octets = packed([Instruction(0x15, 1, 2, 0x01020304)])
    assert len(octets) == 8
    assert octets[2:4] == b"\x01\x02"
