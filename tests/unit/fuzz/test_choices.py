"""Reading an input as a row of choices."""

from choices import Choices


def test_choices_are_read_in_order() -> None:
    choices = Choices(b"\x05\x01\x02\x00\x03abcrest")
    assert choices.byte() == 5
    assert choices.number(2) == 0x0102
    assert choices.piece() == b"abc"
    assert choices.left == 4
    assert choices.rest() == b"rest"
    assert choices.left == 0


def test_an_input_that_is_used_up_chooses_zeros() -> None:
    choices = Choices(b"")
    assert choices.byte() == 0
    assert choices.number(4) == 0
    assert choices.piece() == b""
    assert choices.of("first") == "f"
    assert choices.take(3) == b""


def test_a_number_cut_short_is_filled_with_zeros() -> None:
    assert Choices(b"\x01").number(2) == 0x0100


def test_every_byte_chooses_one_of_the_items() -> None:
    assert [Choices(bytes([value])).of("abc") for value in (0, 1, 2, 3, 255)] == list("abcaa")
