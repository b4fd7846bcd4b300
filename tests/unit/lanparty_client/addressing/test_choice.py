"""What `--address` takes."""

import pytest

from lanparty_client.addressing import AddressMode, parse_address_choice


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("auto", AddressMode.AUTO),
        ("DHCP", AddressMode.DHCP),
        (" none ", AddressMode.NONE),
        ("10.20.30.4/24", AddressMode.STATIC),
        ("169.254.7.7/16", AddressMode.STATIC),
    ],
)
def test_words_and_addresses_are_read_and_written_again(text: str, mode: AddressMode) -> None:
    choice = parse_address_choice(text)
    assert choice.mode is mode
    assert str(choice) == text.strip().lower()
    assert parse_address_choice(str(choice)) == choice


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "write auto, dhcp, none"),
        ("static", "write auto, dhcp, none"),
        ("10.20.30.4", "lacks the size of its network: write 10.20.30.4/24"),
        ("10.20.30.400/24", "write auto, dhcp, none"),
        ("fd00::1/64", "write auto, dhcp, none"),
        ("10.20.30.4/7", "between 8 and 30"),
        ("10.20.30.4/31", "between 8 and 30"),
        ("10.20.30.0/24", "the network itself"),
        ("10.20.30.255/24", "the network itself"),
        ("127.0.0.5/8", "can't be the address of a computer"),
        ("224.0.0.5/24", "can't be the address of a computer"),
        ("250.0.0.5/24", "can't be the address of a computer"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_address_choice(text)
