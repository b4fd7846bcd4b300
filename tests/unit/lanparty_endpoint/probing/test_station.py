"""The station that answers probes and sends them: two of them face to face, and strangers."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from lanparty_endpoint.probing import (
    ECHO_ANSWERS_PER_SECOND,
    SEEN_ANSWERS_PER_SECOND,
    AnswerCount,
    ProbeAnswer,
    ProbeStation,
    TooManyQuestionsError,
)
from lanparty_ethernet import (
    ETHERTYPE_IPV4,
    ETHERTYPE_PROBE,
    SMALLEST_PROBE_FRAME,
    Hearing,
    Ipv4Packet,
    Probe,
    ProbeDirection,
    ProbeKind,
)
from lanparty_proto import (
    BROADCAST,
    CUSTOMER_TAG,
    MacAddress,
    VlanTag,
    encode_ethernet,
    parse_ethernet,
)

ASKER = MacAddress.parse("02:00:5e:10:00:01")
FRIEND = MacAddress.parse("02:00:5e:10:00:02")
STRANGER = MacAddress.parse("02:00:5e:10:00:03")
ASKER_ID, FRIEND_ID, STRANGER_ID = 1, 2, 3
ADDRESS = IPv4Address("10.77.0.1")


def station(
    mac: MacAddress,
    *,
    hearing: Hearing = Hearing.NO_HOST,
    round_trip: Callable[[], float | None] = lambda: None,
) -> ProbeStation:
    return ProbeStation(mac, relay_round_trip=round_trip, hearing=hearing)


def taken(source: ProbeStation) -> list[bytes]:
    return source.frames_to_send(now=0.0)


def datagram_of(frames: list[bytes]) -> bytes:
    """Return what a socket would read of the UDP broadcast among the frames."""
    [header] = [
        each
        for each in (parse_ethernet(memoryview(frame)) for frame in frames)
        if each.ethertype == ETHERTYPE_IPV4
    ]
    return bytes(Ipv4Packet.parse(header.payload).payload[8:])


def probe_frame_of(frames: list[bytes]) -> bytes:
    [frame] = [each for each in frames if each[12:14] == ETHERTYPE_PROBE.to_bytes(2)]
    return frame


class Pair:
    """An asker and a friend on one segment."""

    def __init__(self, hearing: Hearing = Hearing.LISTENING) -> None:
        self.asker = station(ASKER)
        self.friend = station(FRIEND, hearing=hearing, round_trip=lambda: 0.012)
        self.heard: list[ProbeAnswer] = []

    def ask(self, *, nonce: int = 7, now: float = 0.0) -> list[bytes]:
        self.asker.ask_who_sees(nonce=nonce, address=ADDRESS, heard=self.heard.append, now=now)
        return taken(self.asker)

    def answer(self, *, now: float = 0.0) -> int:
        answers = taken(self.friend)
        for frame in answers:
            assert self.asker.receive_frame(frame, source=FRIEND_ID, now=now)
        return len(answers)


def test_an_echo_comes_back_with_its_time_and_the_friends_way_to_the_relay() -> None:
    pair = Pair()
    pair.asker.ask_echo(FRIEND, nonce=7, heard=pair.heard.append, now=1.0)
    [request] = taken(pair.asker)
    assert pair.friend.receive_frame(request, source=ASKER_ID, now=1.125)
    pair.answer(now=1.25)
    [answer] = pair.heard
    assert answer == ProbeAnswer(
        kind=ProbeKind.ECHO_REPLY,
        peer_id=FRIEND_ID,
        mac=FRIEND,
        after=0.25,
        hearing=Hearing.UNSAID,
        relay_round_trip=0.012,
    )


@pytest.mark.parametrize("size", [60, 61, 1_000, 1_514])
def test_a_reply_is_as_large_as_its_request(size: int) -> None:
    pair = Pair()
    pair.asker.ask_echo(FRIEND, nonce=7, heard=pair.heard.append, now=0.0, size=size)
    [request] = taken(pair.asker)
    pair.friend.receive_frame(request, source=ASKER_ID, now=0.0)
    [reply] = taken(pair.friend)
    assert len(reply) == len(request) == size


def test_a_question_is_answered_once_for_the_frame_and_once_for_the_datagram() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=0.01)
    pair.answer(now=0.02)
    pair.friend.receive_datagram(datagram_of(frames), now=0.03)
    pair.answer(now=0.04)
    assert [(each.kind, each.after, each.hearing) for each in pair.heard] == [
        (ProbeKind.SEEN_FRAME, 0.02, Hearing.LISTENING),
        (ProbeKind.SEEN_DATAGRAM, 0.04, Hearing.LISTENING),
    ]


def test_a_datagram_that_overtakes_the_frame_is_told_with_it() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.friend.receive_datagram(datagram_of(frames), now=0.01)
    assert pair.answer() == 0
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=0.02)
    pair.answer(now=0.03)
    assert {each.kind for each in pair.heard} == {ProbeKind.SEEN_FRAME, ProbeKind.SEEN_DATAGRAM}


def test_a_datagram_is_told_once_though_it_comes_twice() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=0.0)
    for _ in range(2):
        pair.friend.receive_datagram(datagram_of(frames), now=0.0)
    assert pair.answer() == 2


def test_a_datagram_without_a_question_or_long_after_it_is_told_nobody() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.friend.receive_datagram(datagram_of(frames), now=0.0)
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=5.0)
    pair.friend.receive_datagram(datagram_of(frames), now=8.0)
    assert pair.answer() == 1, "the frame's alone"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"who is there?",
        Probe(kind=ProbeKind.SEEN_DATAGRAM, nonce=7).encode(),
        Probe(kind=ProbeKind.ECHO_REQUEST, nonce=7).encode(),
    ],
)
def test_other_datagrams_are_counted_and_that_is_all(payload: bytes) -> None:
    friend = station(FRIEND, hearing=Hearing.LISTENING)
    friend.receive_datagram(payload, now=0.0)
    assert not taken(friend)
    assert friend.counts == {AnswerCount.UNEXPECTED: 1}


@pytest.mark.parametrize("hearing", [Hearing.NO_HOST, Hearing.DEAF])
def test_an_answer_says_that_there_is_no_ordinary_socket(hearing: Hearing) -> None:
    pair = Pair(hearing)
    pair.friend.receive_frame(probe_frame_of(pair.ask()), source=ASKER_ID, now=0.0)
    pair.answer()
    assert [each.hearing for each in pair.heard] == [hearing]


def test_nobody_gets_more_answers_in_a_second_than_the_limits_say() -> None:
    pair = Pair()
    for nonce in range(100):
        frames = pair.ask(nonce=nonce)
        pair.asker.forget(nonce)
        pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=nonce / 1000)
        pair.friend.receive_datagram(datagram_of(frames), now=nonce / 1000)
    assert len(taken(pair.friend)) == SEEN_ANSWERS_PER_SECOND
    for nonce in range(100):
        echo = Probe(kind=ProbeKind.ECHO_REQUEST, nonce=nonce).frame(FRIEND, ASKER)
        pair.friend.receive_frame(echo, source=ASKER_ID, now=0.0)
    assert len(taken(pair.friend)) == ECHO_ANSWERS_PER_SECOND
    assert pair.friend.counts[AnswerCount.LIMITED] > 100


def test_who_asks_somewhat_less_than_once_a_second_gets_both_answers_every_time() -> None:
    pair = Pair()
    for nonce, later in enumerate([0.001, 0.2, 0.0, 0.1]):
        now = nonce * 1.25
        frames = pair.ask(nonce=nonce, now=now)
        pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=now)
        pair.friend.receive_datagram(datagram_of(frames), now=now + later)
        assert pair.answer(now=now + later) == SEEN_ANSWERS_PER_SECOND


def test_a_peer_that_uses_another_address_of_its_own_is_the_same_asker() -> None:
    friend = station(FRIEND)
    for number in range(10):
        liar = MacAddress(bytes([2, 0, 0, 0, 0, number]))
        question = Probe(kind=ProbeKind.SEEN_BY, nonce=number).frame(BROADCAST, liar)
        friend.receive_frame(question, source=STRANGER_ID, now=0.0)
    assert len(taken(friend)) == SEEN_ANSWERS_PER_SECOND


def test_a_repeated_nonce_does_not_draw_the_answer_away_from_who_asked_first() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=0.0)
    stolen = Probe(kind=ProbeKind.SEEN_BY, nonce=7).frame(BROADCAST, STRANGER)
    pair.friend.receive_frame(stolen, source=STRANGER_ID, now=0.0)
    taken(pair.friend)
    pair.friend.receive_datagram(datagram_of(frames), now=0.0)
    [told] = taken(pair.friend)
    assert told[:6] == ASKER


@pytest.mark.parametrize(
    "sender", [MacAddress(bytes(6)), BROADCAST, MacAddress.parse("01:00:5e:00:00:01"), FRIEND]
)
def test_a_sender_that_can_not_be_is_not_answered(sender: MacAddress) -> None:
    friend = station(FRIEND)
    echo = Probe(kind=ProbeKind.ECHO_REQUEST, nonce=7).frame(FRIEND, sender)
    assert friend.receive_frame(echo, source=STRANGER_ID, now=0.0)
    assert not taken(friend)
    assert friend.counts == {AnswerCount.UNFIT: 1}


@pytest.mark.parametrize(
    ("kind", "destination"),
    [(ProbeKind.ECHO_REQUEST, BROADCAST), (ProbeKind.SEEN_BY, FRIEND)],
)
def test_one_echo_never_asks_everybody_and_who_sees_is_never_asked_of_one(
    kind: ProbeKind, destination: MacAddress
) -> None:
    friend = station(FRIEND)
    frame = Probe(kind=kind, nonce=7).frame(destination, STRANGER)
    assert friend.receive_frame(frame, source=STRANGER_ID, now=0.0)
    assert not taken(friend)
    assert friend.counts == {AnswerCount.UNFIT: 1}


@pytest.mark.parametrize("kind", [ProbeKind.ECHO_REQUEST, ProbeKind.SEEN_BY])
def test_a_question_shorter_than_its_answer_is_not_answered(kind: ProbeKind) -> None:
    friend = station(FRIEND)
    destination = BROADCAST if kind is ProbeKind.SEEN_BY else FRIEND
    for size in (34, 59):
        frame = Probe(kind=kind, nonce=7).frame(destination, STRANGER, size=size)
        assert friend.receive_frame(frame, source=STRANGER_ID, now=0.0)
    assert not taken(friend)
    assert friend.counts == {AnswerCount.UNFIT: 2}


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        bytes(13),
        encode_ethernet(FRIEND, STRANGER, ETHERTYPE_PROBE, b"somebody else's protocol"),
        encode_ethernet(
            FRIEND,
            STRANGER,
            ETHERTYPE_PROBE,
            Probe(kind=ProbeKind.ECHO_REQUEST, nonce=7).encode(),
            tag=VlanTag(CUSTOMER_TAG, 5),
        ),
        Probe(kind=ProbeKind.ECHO_REQUEST, nonce=7).frame(ASKER, STRANGER),
    ],
    ids=["nothing", "runt", "other protocol", "tagged", "for another"],
)
def test_frames_of_others_go_on_to_the_port(frame: bytes) -> None:
    friend = station(FRIEND)
    assert not friend.receive_frame(frame, source=STRANGER_ID, now=0.0)
    assert not taken(friend)


@pytest.mark.parametrize("direction", ProbeDirection)
def test_a_search_for_loops_goes_on_to_the_port_uncounted_and_unanswered(
    direction: ProbeDirection,
) -> None:
    friend = station(FRIEND)
    search = Probe(kind=ProbeKind.LOOP, nonce=7, direction=direction).frame(BROADCAST, STRANGER)
    assert not friend.receive_frame(search, source=STRANGER_ID, now=0.0)
    assert not taken(friend)
    assert not friend.counts


def test_an_answer_that_nobody_asked_for_or_from_somebody_else_is_not_believed() -> None:
    pair = Pair()
    pair.asker.ask_echo(FRIEND, nonce=7, heard=pair.heard.append, now=0.0)
    for nonce, kind, sender in [
        (8, ProbeKind.ECHO_REPLY, FRIEND),
        (7, ProbeKind.ECHO_REPLY, STRANGER),
        (7, ProbeKind.SEEN_FRAME, FRIEND),
    ]:
        answer = Probe(kind=kind, nonce=nonce).frame(ASKER, sender)
        assert pair.asker.receive_frame(answer, source=STRANGER_ID, now=0.0)
    assert not pair.heard
    assert pair.asker.counts == {AnswerCount.UNEXPECTED: 3}


def test_a_question_that_is_done_with_hears_nothing_more() -> None:
    pair = Pair()
    frames = pair.ask()
    pair.asker.forget(7)
    pair.friend.receive_frame(probe_frame_of(frames), source=ASKER_ID, now=0.0)
    assert pair.answer() == 1
    assert not pair.heard


def test_questions_are_bounded_and_the_refusal_is_for_a_person() -> None:
    asker = station(ASKER)
    for nonce in range(64):
        asker.ask_echo(FRIEND, nonce=nonce, heard=lambda _: None, now=0.0)
    with pytest.raises(TooManyQuestionsError, match="Wait"):
        asker.ask_echo(FRIEND, nonce=64, heard=lambda _: None, now=0.0)
    asker.forget(0)
    asker.ask_echo(FRIEND, nonce=64, heard=lambda _: None, now=0.0)


def test_a_flood_from_many_peers_is_answered_within_bounds_of_memory() -> None:
    friend = station(FRIEND, hearing=Hearing.LISTENING)
    for number in range(5_000):
        question = Probe(kind=ProbeKind.SEEN_BY, nonce=number).frame(BROADCAST, STRANGER)
        friend.receive_frame(question, source=number % 300, now=0.0)
        friend.receive_datagram(
            Probe(kind=ProbeKind.SEEN_BY, nonce=-1 % 2**64 - number).encode(), now=0.0
        )
    assert len(taken(friend)) <= 256


def test_frames_are_of_the_smallest_size_that_ethernet_has() -> None:
    pair = Pair()
    assert len(probe_frame_of(pair.ask())) == SMALLEST_PROBE_FRAME
