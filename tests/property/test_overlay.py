"""Overlay datagrams: encoding and decoding are each other's inverse, whatever comes in."""

from hypothesis import given
from hypothesis import strategies as st

from lanparty_proto import (
    FLAG_CUT_BY_RELAY,
    MAXIMUM_OFFSET,
    MINIMUM_PIECE,
    EthernetError,
    Kind,
    Overlay,
    OverlayError,
    decode,
    encode_fragment,
    encode_whole,
    ethernet_header_length,
    parse_ethernet,
    stamp,
)

peer_ids = st.integers(0, 0xFFFF)
frame_ids = st.integers(0, 0xFFFFFFFF)
addresses = st.binary(min_size=12, max_size=12)
untagged_headers = st.tuples(addresses, st.sampled_from([b"\x08\x00", b"\x00\x26", b"\x86\xdd"]))
tagged_headers = st.tuples(
    addresses, st.sampled_from([b"\x81\x00", b"\x88\xa8"]), st.binary(min_size=4, max_size=4)
)
ethernet_headers = st.one_of(untagged_headers, tagged_headers).map(b"".join)


@st.composite
def fragments(draw: st.DrawFn) -> tuple[bytes, Overlay]:
    """A valid fragment, and what decoding it should give."""
    more = draw(st.booleans())
    size = draw(st.integers(MINIMUM_PIECE if more else 1, 2000))
    offsets = st.integers(MINIMUM_PIECE, MAXIMUM_OFFSET)
    offset = draw(st.one_of(st.just(0), offsets) if more else offsets)
    header = draw(ethernet_headers)
    piece = draw(st.binary(min_size=1, max_size=8)).ljust(size, b"\xa5")[:size]
    flags = draw(st.sampled_from([0, FLAG_CUT_BY_RELAY]))
    source, frame_id = draw(peer_ids), draw(frame_ids)
    datagram = encode_fragment(
        header, piece, source=source, flags=flags, frame_id=frame_id, offset=offset, more=more
    )
    expected = Overlay(
        Kind.FRAGMENT, flags, source, frame_id, offset, more, memoryview(header + piece)
    )
    return datagram, expected


def encoded_again(overlay: Overlay) -> bytes:
    if overlay.frame_id is None:
        return encode_whole(bytes(overlay.frame), overlay.source, overlay.flags)
    split = ethernet_header_length(overlay.frame)
    return encode_fragment(
        overlay.frame[:split],
        overlay.frame[split:],
        source=overlay.source,
        flags=overlay.flags,
        frame_id=overlay.frame_id,
        offset=overlay.offset,
        more=overlay.more,
    )


@given(st.binary(max_size=1600), peer_ids)
def test_a_whole_frame_comes_out_as_it_went_in(frame: bytes, source: int) -> None:
    overlay = decode(encode_whole(frame, source))
    assert overlay == Overlay(Kind.WHOLE, 0, source, None, 0, False, memoryview(frame))


@given(fragments())
def test_a_fragment_comes_out_as_it_went_in(fragment: tuple[bytes, Overlay]) -> None:
    datagram, expected = fragment
    assert decode(datagram) == expected


@given(
    st.one_of(
        st.binary(max_size=40),
        st.binary(max_size=40).map(lambda rest: b"\x10\x00" + rest),
        st.binary(min_size=512, max_size=600).map(lambda rest: b"\x11\x00" + rest),
    )
)
def test_any_octets_are_refused_or_encode_to_themselves(octets: bytes) -> None:
    try:
        overlay = decode(octets)
    except OverlayError:
        return
    assert encoded_again(overlay) == octets


@given(st.one_of(fragments().map(lambda pair: pair[0]), st.binary().map(encode_whole)), peer_ids)
def test_a_stamped_datagram_differs_in_its_source_alone(datagram: bytes, source: int) -> None:
    before, after = decode(datagram), decode(stamp(source, datagram))
    assert after == before._replace(source=source)


@given(fragments(), st.data())
def test_a_fragment_cut_short_is_never_taken_for_a_longer_one(
    fragment: tuple[bytes, Overlay], data: st.DataObject
) -> None:
    datagram, expected = fragment
    kept = data.draw(st.integers(0, len(datagram) - 1))
    try:
        overlay = decode(datagram[:kept])
    except OverlayError:
        return
    assert overlay.frame == expected.frame[: kept - 10]


@given(st.one_of(st.binary(max_size=30), ethernet_headers))
def test_a_frame_has_a_header_and_its_payload_or_is_refused(frame: bytes) -> None:
    try:
        header = parse_ethernet(memoryview(frame))
    except EthernetError:
        assert len(frame) < 18
        return
    assert header.header_length == ethernet_header_length(frame)
    assert bytes(header.payload) == frame[header.header_length :]
    assert header.ethertype is None or header.length is None
