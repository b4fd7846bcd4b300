import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanparty_client.linux.router_advertisements import is_router_advertisement

ADDRESSES = bytes.fromhex("333300000001 02005e100099")
IPV6 = b"\x86\xdd"
TAG = bytes.fromhex("8100 2005")
NO_EXTENSION, HOP_BY_HOP, DESTINATION, FRAGMENT, ICMPV6 = 59, 0, 60, 44, 58
ADVERTISEMENT = bytes((134, 0, 0, 0)) + bytes(12)
ECHO = bytes((128, 0, 0, 0)) + bytes(12)


def frame(payload: bytes, *, first: int = ICMPV6, tag: bytes = b"", kind: bytes = IPV6) -> bytes:
    header = bytes((0x60, 0, 0, 0)) + len(payload).to_bytes(2) + bytes((first, 255)) + bytes(32)
    return ADDRESSES + tag + kind + header + payload


def extension(following: int, *, units: int = 0) -> bytes:
    return bytes((following, units)) + bytes(8 * units + 6)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(frame(ADVERTISEMENT), id="plain"),
        pytest.param(frame(ADVERTISEMENT, tag=TAG), id="tagged"),
        pytest.param(frame(extension(ICMPV6) + ADVERTISEMENT, first=HOP_BY_HOP), id="options"),
        pytest.param(
            frame(
                extension(DESTINATION, units=2) + extension(ICMPV6) + ADVERTISEMENT,
                first=HOP_BY_HOP,
            ),
            id="two headers",
        ),
        pytest.param(frame(extension(HOP_BY_HOP) * 20, first=HOP_BY_HOP), id="too many to tell"),
    ],
)
def test_an_advertisement_is_found_behind_what_a_host_reads_over(seen: bytes) -> None:
    assert is_router_advertisement(seen)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(frame(ECHO), id="echo"),
        pytest.param(frame(ADVERTISEMENT, kind=b"\x08\x00"), id="IPv4"),
        pytest.param(frame(ADVERTISEMENT, first=17), id="UDP"),
        pytest.param(frame(ADVERTISEMENT, first=NO_EXTENSION), id="nothing follows"),
        pytest.param(frame(extension(ICMPV6) + ADVERTISEMENT, first=FRAGMENT), id="fragment"),
        pytest.param(frame(b""), id="cut before its type"),
        pytest.param(frame(b"\x3a", first=HOP_BY_HOP), id="cut in an extension"),
        pytest.param(frame(extension(ICMPV6, units=200)[:40], first=HOP_BY_HOP), id="too short"),
        pytest.param(frame(ADVERTISEMENT)[:53], id="cut in the header"),
        pytest.param(b"", id="empty"),
    ],
)
def test_nothing_else_is_taken_for_one(seen: bytes) -> None:
    assert not is_router_advertisement(seen)


@given(st.binary(max_size=120))
def test_no_octets_break_it(octets: bytes) -> None:
    is_router_advertisement(octets)
    is_router_advertisement(ADDRESSES + IPV6 + octets)
    is_router_advertisement(frame(octets, first=HOP_BY_HOP))
