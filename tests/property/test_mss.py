"""The clamp against a full computation: whatever the segment, only offer and checksum change."""

from hypothesis import given
from hypothesis import strategies as st

from lanparty_ethernet import clamp_mss, internet_checksum, mended_checksum

ADDRESSES = bytes.fromhex("02005e000002 02005e000001")

_OPTIONS = st.lists(
    st.one_of(
        st.just(b"\x01"),
        st.integers(0, 0xFFFF).map(lambda mss: b"\x02\x04" + mss.to_bytes(2)),
        st.tuples(st.sampled_from([3, 4, 5, 8, 30]), st.binary(max_size=8)).map(
            lambda option: bytes([option[0], len(option[1]) + 2]) + option[1]
        ),
    ),
    max_size=8,
).map(lambda options: b"".join(options)[:40])


def pseudo_header(packet: bytes, length: int) -> bytes:
    """RFC 9293 section 3.1."""
    if packet[0] >> 4 == 4:
        return packet[12:20] + b"\x00\x06" + length.to_bytes(2)
    return packet[8:40] + length.to_bytes(4) + bytes(3) + b"\x06"


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, int]:
    """A frame with a right TCP checksum, and where TCP begins in it."""
    options = draw(_OPTIONS)
    options += bytes(-len(options) % 4)
    data = draw(st.binary(max_size=9))
    segment = bytearray(draw(st.binary(min_size=20, max_size=20)))
    segment[12] = (20 + len(options)) // 4 << 4
    segment[13] = draw(st.sampled_from([0x02, 0x12, 0xC2, 0x10]))
    segment[16:18] = bytes(2)
    segment += options + data
    length = len(segment)
    if draw(st.booleans()):
        head = b"\x45\x00" + (20 + length).to_bytes(2) + bytes(5) + b"\x06" + bytes(2)
        packet, ethertype = head + draw(st.binary(min_size=8, max_size=8)), b"\x08\x00"
        extensions = b""
    else:
        extensions = b"\x06\x00" + bytes(6) if draw(st.booleans()) else b""
        first = b"\x00" if extensions else b"\x06"
        packet = b"\x60\x00\x00\x00" + (len(extensions) + length).to_bytes(2) + first + b"\x40"
        packet, ethertype = packet + draw(st.binary(min_size=32, max_size=32)), b"\x86\xdd"
    segment[16:18] = internet_checksum(pseudo_header(packet, length) + segment).to_bytes(2)
    tag = draw(st.sampled_from([b"", b"\x81\x00\x00\x07", b"\x88\xa8\x20\x07"]))
    before = ADDRESSES + tag + ethertype + packet + extensions
    return before + segment + bytes(draw(st.integers(0, 6))), len(before)


def is_right(frame: bytes, tcp: int) -> bool:
    at = 18 if frame[12] in (0x81, 0x88) and frame[13] != 0xDD else 14
    packet = frame[at:]
    total = int.from_bytes(packet[2:4]) if packet[0] >> 4 == 4 else 40 + int.from_bytes(packet[4:6])
    segment = packet[tcp - at : total]
    return internet_checksum(pseudo_header(packet, len(segment)) + segment) == 0


@given(given_frame=frames(), budget=st.integers(1100, 1518))
def test_after_a_clamp_the_checksum_is_right_and_the_rest_is_the_same(
    given_frame: tuple[bytes, int], budget: int
) -> None:
    frame, tcp = given_frame
    assert is_right(frame, tcp)
    after = clamp_mss(frame, budget=budget)
    assert is_right(after, tcp)
    assert len(after) == len(frame)
    changed = {place for place in range(len(frame)) if frame[place] != after[place]}
    options_end = tcp + (frame[tcp + 12] >> 4) * 4
    assert changed <= {tcp + 16, tcp + 17, *range(tcp + 22, options_end)}
    if not frame[tcp + 13] & 0x02:
        assert after is frame
    # Once is enough.
    assert clamp_mss(after, budget=budget) is after


@given(octets=st.binary(min_size=2, max_size=40), data=st.data())
def test_a_mended_checksum_is_that_of_a_full_computation(
    octets: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(octets) - 2))
    number = data.draw(st.integers(0, 0xFFFF))
    changed = octets[:at] + number.to_bytes(2) + octets[at + 2 :]
    if not any(octets) or not any(changed):
        return  # of nothing but zeros the sum has another of its two zeros
    mended = mended_checksum(
        internet_checksum(octets), int.from_bytes(octets[at : at + 2]), number, odd=bool(at % 2)
    )
    assert mended == internet_checksum(changed)
