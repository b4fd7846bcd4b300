"""MAC addresses: spellings, classes, identity."""

import pytest

from lanparty_proto import BROADCAST, MacAddress, MacAddressError, ProtoError

PLAYER = MacAddress(bytes.fromhex("02005e100001"))


@pytest.mark.parametrize(
    "text",
    [
        "02:00:5e:10:00:01",
        "02:00:5E:10:00:01",
        "02-00-5e-10-00-01",
        "02-00-5E-10-00-01",
        "0200.5e10.0001",
        "02005e100001",
        "02005E100001",
    ],
)
def test_the_usual_spellings_are_read(text: str) -> None:
    assert MacAddress.parse(text) == PLAYER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "02:00:5e:10:00",
        "02:00:5e:10:00:01:02",
        "2:0:5e:10:0:1",
        "02:00:5e:10:00:0g",
        "02:00-5e:10-00:01",
        "02:005e:10:00:01",
        "0200:5e10:0001",
        "02.00.5e.10.00.01",
        " 02:00:5e:10:00:01",
        "02:00:5e:10:00:01\n",
        "02005e10000",
        "02:00:5e:10:00:0\N{ARABIC-INDIC DIGIT ONE}",
        "0x02005e1000",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MacAddressError):
        MacAddress.parse(text)


def test_a_refused_text_is_quoted_in_part_only() -> None:
    with pytest.raises(MacAddressError) as refused:
        MacAddress.parse("x" * 100_000)
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("length", [0, 5, 7, 12])
def test_only_six_octets_are_an_address(length: int) -> None:
    with pytest.raises(MacAddressError, match=f"not {length}"):
        MacAddress(bytes(length))


def test_it_is_written_with_colons_in_lower_case() -> None:
    assert str(PLAYER) == "02:00:5e:10:00:01"
    assert f"{PLAYER!s}" == "02:00:5e:10:00:01"
    assert repr(PLAYER) == "MacAddress('02:00:5e:10:00:01')"


def test_what_is_written_is_read_again() -> None:
    assert MacAddress.parse(str(PLAYER)) == PLAYER


def test_a_slice_of_a_frame_finds_it_in_a_table() -> None:
    frame = bytes.fromhex("02005e10000102005e1000020800")
    assert {PLAYER: "found"}.get(MacAddress(frame[:6])) == "found"
    by_octets: dict[bytes, str] = {PLAYER: "found"}
    assert by_octets[frame[:6]] == "found"
    assert MacAddress(memoryview(frame)[:6]) == PLAYER


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("02:00:5e:10:00:01", {"unicast", "local"}),
        ("00:1b:21:3c:4d:5e", {"unicast"}),
        ("00:00:00:00:00:00", {"unicast"}),
        ("ff:ff:ff:ff:ff:ff", {"group", "broadcast", "local"}),
        ("01:00:5e:00:00:fb", {"group"}),
        ("33:33:00:00:00:01", {"group", "local"}),
        ("01:80:c2:00:00:00", {"group", "reserved"}),
        ("01:80:c2:00:00:0e", {"group", "reserved"}),
        ("01:80:c2:00:00:0f", {"group", "reserved"}),
        ("01:80:c2:00:00:10", {"group"}),
        ("01:80:c2:00:01:00", {"group"}),
        ("00:80:c2:00:00:00", {"unicast"}),
    ],
)
def test_it_is_classified(text: str, classes: set[str]) -> None:
    mac = MacAddress.parse(text)
    assert classes == {
        name
        for name, holds in [
            ("unicast", mac.is_unicast),
            ("group", mac.is_group),
            ("broadcast", mac.is_broadcast),
            ("local", mac.is_local),
            ("reserved", mac.is_reserved),
        ]
        if holds
    }


def test_a_local_unicast_address_may_identify_a_player() -> None:
    assert PLAYER.require_identity() is PLAYER


def test_a_universal_address_may_if_it_is_allowed() -> None:
    universal = MacAddress.parse("00:1b:21:3c:4d:5e")
    assert universal.require_identity(allow_universal=True) is universal
    with pytest.raises(MacAddressError, match="00:1b:21:3c:4d:5e is not locally administered"):
        universal.require_identity()


@pytest.mark.parametrize("allow_universal", [False, True])
@pytest.mark.parametrize(
    ("mac", "why"),
    [
        (BROADCAST, "group"),
        (MacAddress.parse("03:00:00:00:00:01"), "group"),
        (MacAddress(bytes(6)), "all-zero"),
    ],
)
def test_group_and_zero_addresses_never_identify(
    mac: MacAddress, why: str, allow_universal: bool
) -> None:
    with pytest.raises(MacAddressError, match=why):
        mac.require_identity(allow_universal=allow_universal)


def test_mac_errors_are_errors_of_the_package_and_of_values() -> None:
    assert issubclass(MacAddressError, ProtoError)
    assert issubclass(MacAddressError, ValueError)
