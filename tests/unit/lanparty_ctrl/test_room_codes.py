import copy
from collections.abc import Callable

import pytest

from lanparty_ctrl import RoomCode, RoomCodeError, has_valid_check, make_room_code


def numbers(*values: int) -> Callable[[int], bytes]:
    """Give the bytes from which the code of each 50-bit number is made."""
    left = iter(values)
    return lambda count: (next(left) << (8 * count - 50)).to_bytes(count)


@pytest.mark.parametrize(
    "typed", ["7K3M9QXR", "7k3m-9qxr", " 7K3M 9QXR ", "7-k-3-m-9-q-x-r", "7k3m9qxr"]
)
def test_case_spaces_and_dashes_do_not_matter(typed: str) -> None:
    assert RoomCode.parse(typed) == "7K3M9QXR"


def test_confused_letters_are_read_as_the_digits() -> None:
    assert RoomCode.parse("iLoO") == "1100"


def test_no_code_can_be_made_in_another_spelling() -> None:
    assert RoomCode("lan-party") == "1ANPARTY"
    assert RoomCode(RoomCode("lan-party")) == RoomCode.parse("1ANPARTY")
    with pytest.raises(RoomCodeError):
        RoomCode("abc")


def test_a_code_survives_a_copy() -> None:
    code = RoomCode("7K3M9QXR")
    assert copy.deepcopy(code) == code
    assert isinstance(copy.deepcopy(code), RoomCode)


def test_a_code_of_ones_own_may_use_u() -> None:
    assert RoomCode.parse("funny-club") == "FUNNYC1UB"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "a-b-c",
        "A" * 33,
        "abcd!",
        "abcd*",
        "ab\ncd",
        "абвг",
        "\uff21\uff22\uff23\uff24",
        "\u0661\u0662\u0663\u0664",
        "\u017f\u017f\u017f\u017f",
        "stra\u00dfe",
    ],
)
def test_what_cannot_be_a_code_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(RoomCodeError) as refusal:
        RoomCode.parse(typed)
    assert len(typed) < 2 or typed not in str(refusal.value)


def test_32_symbols_with_a_dash_between_each_are_a_code() -> None:
    assert RoomCode.parse("-".join("A" * 32)) == "A" * 32


def test_a_longer_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(RoomCodeError):
        RoomCode.parse("A" * 20 + "-" * 100)


def test_a_code_is_grouped_for_reading_aloud() -> None:
    assert RoomCode.parse("7k3m9qxrt2v").spoken() == "7K3M-9QXR-T2V"


def test_a_repr_does_not_show_the_secret() -> None:
    assert "ABCD" not in repr(RoomCode.parse("abcd"))
    assert str(RoomCode.parse("abcd")) == "ABCD"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0, "00000000000"),
        (1, "00000000011"),
        (31, "000000000ZZ"),
        (36, "0000000014U"),
        (37, "00000000150"),
    ],
)
def test_a_made_code_is_the_number_and_its_remainder_by_37(number: int, code: str) -> None:
    assert make_room_code(numbers(number)) == code


def test_a_number_whose_check_symbol_is_hard_to_say_is_drawn_again() -> None:
    assert make_room_code(numbers(32, 33, 34, 35, 1)) == "00000000011"


def test_a_made_code_reads_back_as_itself_and_has_a_valid_check() -> None:
    for number in (0, 1, 2**50 - 1, 0x2_AAAA_AAAA_AAAA, 123_456_789_012_345):
        code = make_room_code(numbers(number, 0))
        assert RoomCode.parse(code.spoken().lower()) == code
        assert has_valid_check(code)


def test_one_wrong_symbol_makes_the_check_fail() -> None:
    code = make_room_code(numbers(123_456_789_012_345, 1))
    for place in range(len(code)):
        for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            wrong = RoomCode.parse(code[:place] + symbol + code[place + 1 :])
            assert has_valid_check(wrong) == (wrong == code)


@pytest.mark.parametrize("code", ["ABCD", "UUUUUUUUUUU", "0000000000U", "000000000000"])
def test_a_code_of_another_shape_has_no_valid_check(code: str) -> None:
    assert not has_valid_check(RoomCode.parse(code))
