"""Control frames: any message comes back as itself, in whatever pieces its bytes arrive."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lanparty_ctrl import (
    CONTROL_FRAME_LIMIT,
    AddressLease,
    Disconnect,
    Hello,
    Lease,
    Message,
    MessageDecoder,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    PrefixesInUse,
    ProtocolViolation,
    Redirect,
    Reject,
    Role,
    RoomCode,
    RoomReady,
    Stats,
    UnfitTextError,
    Waiting,
    Welcome,
    display_name,
    encode_message,
    human_text,
    made_readable,
)
from lanparty_obs import Cast, EgressDrop, IngressDrop, SessionEnd, TunnelCounters
from lanparty_proto.mac import MacAddress


def fits_a_name(text: str) -> bool:
    try:
        return display_name(text) == text
    except UnfitTextError:
        return False


ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
MACS = (
    st.binary(min_size=6, max_size=6)
    .map(lambda octets: bytes([octets[0] & 0xFE]) + octets[1:])
    .filter(any)
    .map(MacAddress)
)
CODES = st.text("0123456789ABCDEFGHJKMNPQRSTUVWXYZ", min_size=4, max_size=32).map(RoomCode)
TOKENS = st.binary(min_size=16, max_size=16).map(bytes.hex)
NAMES = st.text(min_size=1, max_size=32).filter(fits_a_name)
TEXTS = st.text(max_size=300).map(made_readable)
BUDGETS = st.integers(0, 65_535)
COUNTS = st.integers(0, 2**63 - 1)
FEATURES = st.frozensets(st.text(ASCII, min_size=1, max_size=32), max_size=32)
PREFIXES = st.lists(
    st.builds(
        lambda number, length: IPv4Network((number >> (32 - length) << (32 - length), length)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    )
    | st.builds(
        lambda number, length: IPv6Network((number >> (128 - length) << (128 - length), length)),
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    ),
    max_size=64,
).map(tuple)
REDIRECTS = st.builds(
    Redirect,
    host=st.from_regex(r"[A-Za-z0-9._:-]{1,253}", fullmatch=True).filter(str.isascii),
    port=st.integers(1, 65_535),
    pin=st.none() | st.from_regex(r"sha256:[A-Za-z0-9_-]{43}", fullmatch=True),
)
LEASES = st.builds(
    AddressLease,
    # The last bits are 01: a host of its network, whatever the length.
    address=st.integers(0x0A000000 >> 2, 0x0AFFFFFF >> 2).map(
        lambda number: IPv4Address(number << 2 | 1)
    ),
    prefix_length=st.integers(8, 30),
    seconds=st.integers(60, 30 * 86_400),
)
COUNTERS = st.builds(
    TunnelCounters,
    received=COUNTS,
    received_bytes=COUNTS,
    forwarded=st.dictionaries(st.sampled_from(Cast), COUNTS),
    dropped_ingress=st.dictionaries(st.sampled_from(IngressDrop), COUNTS),
    chosen=COUNTS,
    sent=COUNTS,
    sent_bytes=COUNTS,
    dropped_egress=st.dictionaries(st.sampled_from(EgressDrop), COUNTS),
    queued=COUNTS,
    cut=COUNTS,
    pieces=COUNTS,
)
ENDS = {
    "code": st.sampled_from(SessionEnd),
    "text": TEXTS,
    "retry_after": st.none() | st.floats(0, 86_400),
    "redirect": st.none() | REDIRECTS,
}
NONCES = st.integers(0, 2**53 - 1)
PEER_IDS = st.integers(1, 65_535)


@st.composite
def hellos(draw: st.DrawFn) -> Hello:
    role = draw(st.sampled_from(Role))
    return Hello(
        versions=draw(st.lists(st.integers(1, 255), min_size=1, max_size=16).map(tuple)),
        role=role,
        room_code=draw(st.none() | CODES),
        create=draw(st.booleans()),
        standby=role is Role.GATEWAY and draw(st.booleans()),
        mac=draw(MACS) if role is Role.CLIENT else None,
        name=draw(NAMES),
        datagram_budget=draw(BUDGETS),
        port_mtu=draw(BUDGETS),
        features=draw(FEATURES),
        credential=draw(st.none() | st.text(ASCII, min_size=1, max_size=4_096)),
        resume_token=draw(st.none() | TOKENS),
        address_wanted=draw(st.none() | st.ip_addresses(v=4).map(IPv4Address)),
        prefixes_in_use=draw(PREFIXES),
    )


WELCOMES = st.builds(
    Welcome,
    version=st.integers(1, 255),
    peer_id=PEER_IDS,
    room_code=CODES,
    room_id=st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True),
    mtu=st.integers(1_280, 1_500),
    datagram_budget=BUDGETS,
    resume_token=TOKENS,
    heartbeat_seconds=st.integers(1, 300),
    peers_limit=st.integers(1, 250),
    server_version=st.text(ASCII, max_size=64),
    resumed=st.booleans(),
    features=FEATURES,
    lease=st.none() | LEASES,
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    hellos(),
    WELCOMES,
    st.builds(Waiting),
    st.builds(Reject, **ENDS),
    st.builds(Disconnect, **ENDS),
    st.builds(
        PeerJoined,
        peer_id=PEER_IDS,
        role=st.just(Role.CLIENT),
        mac=MACS,
        name=NAMES,
        address=st.none() | st.ip_addresses(v=4),
    ),
    st.builds(PeerJoined, peer_id=PEER_IDS, role=st.just(Role.GATEWAY), name=NAMES),
    st.builds(PeerLeft, peer_id=PEER_IDS, reason=st.sampled_from(SessionEnd)),
    st.builds(RoomReady),
    st.builds(Lease, lease=LEASES),
    st.builds(PrefixesInUse, prefixes_in_use=PREFIXES),
    st.builds(Stats, counters=COUNTERS, round_trip_time=st.none() | st.floats(0, 3_600)),
    st.builds(Ping, nonce=NONCES),
    st.builds(Pong, nonce=NONCES),
)


def decoded(pieces: list[bytes]) -> tuple[list[Message], str | None]:
    """Read a stream that arrives in pieces, as far as it can be read, and what stopped it."""
    decoder, messages = MessageDecoder(), list[Message]()
    for piece in pieces:
        try:
            decoder.receive_bytes(piece)
        except ProtocolViolation as violation:
            return messages + decoder.messages(), str(violation)
        messages += decoder.messages()
        assert decoder.buffered <= CONTROL_FRAME_LIMIT
    return messages, None


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(ends)]


@given(MESSAGES)
def test_every_message_comes_back_as_itself(message: Message) -> None:
    frame = encode_message(message)
    assert 6 <= len(frame) <= 4 + CONTROL_FRAME_LIMIT
    assert decoded([frame]) == ([message], None)


@given(MESSAGES)
def test_a_message_is_always_written_with_the_same_bytes(message: Message) -> None:
    [again], _ = decoded([encode_message(message)])
    assert encode_message(again) == encode_message(message)


@given(st.lists(MESSAGES, max_size=5), st.lists(st.integers(0, 2**16), max_size=20))
def test_any_cut_gives_the_same_messages(messages: list[Message], places: list[int]) -> None:
    stream = b"".join(map(encode_message, messages))
    assert decoded(cut(stream, places)) == (messages, None)


@given(
    st.lists(MESSAGES, max_size=3),
    st.binary(max_size=200) | st.binary(max_size=200).map(lambda b: len(b).to_bytes(4) + b),
    st.lists(st.integers(0, 2**16), max_size=20),
)
def test_any_cut_gives_the_same_violation_after_the_same_messages(
    messages: list[Message], noise: bytes, places: list[int]
) -> None:
    stream = b"".join(map(encode_message, messages)) + noise
    assert decoded(cut(stream, places)) == decoded([stream])


@given(st.text())
def test_any_text_can_be_made_readable_and_is_then_left_alone(text: str) -> None:
    readable = made_readable(text)
    assert human_text(readable) == readable
    assert made_readable(readable) == readable
