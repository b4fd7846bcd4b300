import pytest

from lanparty_obs import (
    FINAL_CODES,
    SessionEnd,
    quic_error_code,
    render_codes,
    sentence,
    session_end_of,
)


@pytest.mark.parametrize("end", SessionEnd)
def test_every_code_has_a_sentence_for_a_person(end: SessionEnd) -> None:
    text = sentence(end)
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text) <= 200
    assert "_" not in text


@pytest.mark.parametrize("end", SessionEnd)
def test_every_code_survives_a_quic_close(end: SessionEnd) -> None:
    assert session_end_of(quic_error_code(end)) is end


def test_numbers_differ_and_fit_a_quic_integer_of_two_bytes() -> None:
    numbers = [quic_error_code(end) for end in SessionEnd]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 2**14 for number in numbers)


@pytest.mark.parametrize("number", [-1, 9, 0x100, 2**62])
def test_a_number_that_softlan_does_not_use_is_no_code(number: int) -> None:
    assert session_end_of(number) is None


def test_two_codes_never_read_the_same() -> None:
    assert len({sentence(end) for end in SessionEnd}) == len(SessionEnd)


def test_the_final_codes_are_those_of_the_protocol() -> None:
    assert {end.value for end in FINAL_CODES} == {
        "replaced",
        "kicked",
        "banned",
        "room_closed",
        "room_unknown",
        "version",
        "pin",
        "mac_in_use",
        "protocol_error",
    }


def test_the_table_for_the_documentation_has_a_row_for_each_code() -> None:
    rows = render_codes().splitlines()
    assert len(rows) == 2 + len(SessionEnd)
    assert f"| `pin` | 18 | no | {sentence(SessionEnd.PIN)} |" in rows
    assert f"| `idle` | 2 | yes | {sentence(SessionEnd.IDLE)} |" in rows
