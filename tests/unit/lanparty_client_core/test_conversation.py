from ipaddress import IPv4Address

import pytest

from lanparty_client_core.conversation import (
    ANSWER_TIMEOUT,
    LEASES_LIMIT,
    MEMBERS_LIMIT,
    WAITING_PING,
    Conversation,
)
from lanparty_client_core.events import (
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionState,
    StateChanged,
)
from lanparty_ctrl import (
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
    Reject,
    Role,
    RoomCode,
    RoomReady,
    Stats,
    Waiting,
    Welcome,
    encode_message,
)
from lanparty_obs.codes import SessionEnd
from lanparty_obs.counters import TunnelCounters
from lanparty_proto.mac import MacAddress

HELLO = Hello(
    role=Role.CLIENT,
    room_code=RoomCode("ABCDE"),
    mac=MacAddress.parse("02:00:00:00:00:01"),
    name="alice",
    datagram_budget=1_500,
    port_mtu=1_500,
)
STANDBY = Hello(
    role=Role.GATEWAY,
    room_code=RoomCode("ABCDE"),
    standby=True,
    name="attic",
    datagram_budget=1_500,
    port_mtu=1_500,
)
WELCOME = Welcome(
    version=1,
    peer_id=7,
    room_code=RoomCode("ABCDE"),
    room_id="room",
    mtu=1_500,
    datagram_budget=1_170,
    resume_token="0" * 32,
    heartbeat_seconds=10,
    peers_limit=64,
    server_version="softlan 1",
)
BOB = PeerJoined(peer_id=8, role=Role.CLIENT, mac=MacAddress.parse("02:00:00:00:00:02"), name="bob")


def sent(conversation: Conversation) -> list[Message]:
    decoder = MessageDecoder()
    decoder.receive_bytes(conversation.to_send())
    return decoder.messages()


def say(conversation: Conversation, *messages: Message, now: float = 0.0) -> None:
    conversation.receive_bytes(b"".join(map(encode_message, messages)), now=now)


def joined() -> Conversation:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    say(conversation, WELCOME, RoomReady())
    conversation.to_send()
    conversation.events()
    return conversation


def ended_of(conversation: Conversation) -> SessionEnded:
    assert conversation.ended is not None
    return conversation.ended


def test_nothing_is_said_before_the_relay_is_known() -> None:
    conversation = Conversation(HELLO)
    assert conversation.state is SessionState.CONNECTING
    assert conversation.to_send() == b""


def test_hello_follows_the_handshake() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    assert sent(conversation) == [HELLO]
    assert conversation.events() == [StateChanged(SessionState.JOINING)]


def test_the_room_is_entered_when_every_member_is_named() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    conversation.events()
    say(conversation, WELCOME)
    assert conversation.welcome == WELCOME
    assert conversation.state is SessionState.JOINING
    say(conversation, BOB)
    say(conversation, RoomReady())
    assert conversation.events() == [MemberJoined(BOB), StateChanged(SessionState.JOINED)]
    assert conversation.members == {8: BOB}


def test_members_come_and_go() -> None:
    conversation = joined()
    say(conversation, BOB, PeerLeft(peer_id=8, reason=SessionEnd.LEFT))
    assert conversation.events() == [MemberJoined(BOB), MemberLeft(BOB, SessionEnd.LEFT)]
    assert conversation.members == {}


def test_a_member_named_again_is_an_update() -> None:
    conversation = joined()
    renamed = BOB.model_copy(update={"name": "robert"})
    say(conversation, BOB, renamed)
    assert conversation.members == {8: renamed}


def test_a_leave_of_somebody_unknown_changes_nothing() -> None:
    conversation = joined()
    say(conversation, PeerLeft(peer_id=99, reason=SessionEnd.LEFT))
    assert conversation.events() == []
    assert conversation.state is SessionState.JOINED


def test_a_standby_gateway_waits_as_long_as_it_takes() -> None:
    conversation = Conversation(STANDBY)
    conversation.handle_connected(now=0.0)
    say(conversation, Waiting())
    assert conversation.events()[-1] == StateChanged(SessionState.WAITING)
    assert not conversation.handle_timer(now=3_599.0)
    assert conversation.ended is None
    say(conversation, WELCOME, RoomReady(), now=3_600.0)
    assert conversation.state is SessionState.JOINED
    assert conversation.next_deadline() == 3_610.0


def test_a_standby_gateway_asks_every_second_whether_the_relay_is_there() -> None:
    conversation = Conversation(STANDBY)
    conversation.handle_connected(now=0.0)
    sent(conversation)
    say(conversation, Waiting(), now=0.5)
    assert conversation.next_deadline() == 0.5 + WAITING_PING
    conversation.handle_timer(now=1.5)
    assert [type(message) for message in sent(conversation)] == [Ping]
    assert conversation.next_deadline() == 2.5
    say(conversation, Pong(nonce=0), Ping(nonce=9))
    assert sent(conversation) == [Pong(nonce=9)]


def test_who_does_not_stand_by_is_not_to_be_told_to_wait() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    say(conversation, Waiting())
    assert conversation.ended is not None
    assert conversation.ended.code is SessionEnd.PROTOCOL_ERROR


def test_a_standby_gateway_that_leaves_says_so() -> None:
    conversation = Conversation(STANDBY)
    conversation.handle_connected(now=0.0)
    say(conversation, Waiting())
    sent(conversation)
    conversation.disconnect(SessionEnd.LEFT, "")
    assert sent(conversation) == [Disconnect(code=SessionEnd.LEFT)]
    assert conversation.state is SessionState.LEFT


def test_a_ping_is_answered_with_its_nonce() -> None:
    conversation = joined()
    say(conversation, Ping(nonce=5))
    assert sent(conversation) == [Pong(nonce=5)]


def test_the_relays_own_count_is_kept() -> None:
    conversation = joined()
    stats = Stats(counters=TunnelCounters(received=3), round_trip_time=0.01)
    say(conversation, stats)
    assert conversation.relay_stats == stats


def test_a_report_is_due_at_every_heartbeat() -> None:
    conversation = joined()
    assert conversation.next_deadline() == 10.0
    assert not conversation.handle_timer(now=9.9)
    assert conversation.handle_timer(now=10.0)
    assert conversation.next_deadline() == 20.0
    conversation.report(Stats(counters=TunnelCounters()))
    assert sent(conversation) == [Stats(counters=TunnelCounters())]


def test_a_relay_that_does_not_answer_hello_is_given_up() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=5.0)
    assert conversation.next_deadline() == 5.0 + ANSWER_TIMEOUT
    assert not conversation.handle_timer(now=5.0 + ANSWER_TIMEOUT)
    assert conversation.state is SessionState.DISCONNECTED
    assert ended_of(conversation).code is SessionEnd.RELAY_UNREACHABLE
    assert not ended_of(conversation).final


def test_a_rejection_tells_why_and_when_to_come_back() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    conversation.events()
    say(conversation, Reject(code=SessionEnd.ROOM_FULL, text="64 of 64", retry_after=60.0))
    ended = SessionEnded(
        code=SessionEnd.ROOM_FULL, text="64 of 64", by_relay=True, retry_after=60.0
    )
    assert conversation.events() == [StateChanged(SessionState.REJECTED, ended)]
    assert conversation.next_deadline() is None
    assert not ended.final


@pytest.mark.parametrize(
    ("code", "final"), [(SessionEnd.KICKED, True), (SessionEnd.SHUTDOWN, False)]
)
def test_the_relays_goodbye_tells_whether_it_is_final(code: SessionEnd, final: bool) -> None:
    conversation = joined()
    say(conversation, Disconnect(code=code))
    (changed,) = conversation.events()
    assert isinstance(changed, StateChanged)
    assert changed.state is SessionState.DISCONNECTED
    assert changed.ended is not None
    assert changed.ended.final is final
    assert changed.ended.sentence.endswith(".")


def test_a_lost_connection_ends_the_session() -> None:
    conversation = joined()
    conversation.handle_closed(SessionEnd.CONNECTION_LOST, "no answer", by_relay=False)
    assert conversation.state is SessionState.DISCONNECTED
    assert ended_of(conversation).code is SessionEnd.CONNECTION_LOST


def test_the_end_of_the_connection_does_not_change_why_the_session_ended() -> None:
    conversation = joined()
    say(conversation, Disconnect(code=SessionEnd.KICKED))
    conversation.handle_closed(SessionEnd.LEFT, "", by_relay=True)
    assert ended_of(conversation).code is SessionEnd.KICKED


def test_a_leave_is_said_once() -> None:
    conversation = joined()
    conversation.disconnect(SessionEnd.LEFT, "")
    conversation.disconnect(SessionEnd.LEFT, "")
    assert sent(conversation) == [Disconnect(code=SessionEnd.LEFT)]
    assert conversation.state is SessionState.LEFT


def test_a_leave_before_the_relay_is_known_says_nothing_to_it() -> None:
    conversation = Conversation(HELLO)
    conversation.disconnect(SessionEnd.LEFT, "")
    assert conversation.to_send() == b""
    assert conversation.state is SessionState.LEFT


def test_a_handshake_that_ends_after_the_leave_says_nothing() -> None:
    conversation = Conversation(HELLO)
    conversation.disconnect(SessionEnd.LEFT, "")
    conversation.handle_connected(now=0.0)
    assert ended_of(conversation).code is SessionEnd.LEFT
    assert sent(conversation) == []
    assert conversation.next_deadline() is None


def test_what_arrives_after_the_end_is_ignored() -> None:
    conversation = joined()
    conversation.disconnect(SessionEnd.LEFT, "")
    conversation.to_send()
    conversation.events()
    say(conversation, BOB, Ping(nonce=1), Disconnect(code=SessionEnd.SHUTDOWN))
    conversation.receive_bytes(b"\xff" * 8, now=0.0)
    assert conversation.to_send() == b""
    assert conversation.events() == []
    assert conversation.state is SessionState.LEFT


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        encode_message(WELCOME),
        encode_message(HELLO),
        encode_message(Reject(code=SessionEnd.BANNED)),
    ],
    ids=["no frame", "second welcome", "hello", "reject after welcome"],
)
def test_a_relay_that_breaks_the_protocol_is_left_with_the_reason(data: bytes) -> None:
    conversation = joined()
    conversation.receive_bytes(data, now=0.0)
    (goodbye,) = sent(conversation)
    assert isinstance(goodbye, Disconnect)
    assert goodbye.code is SessionEnd.PROTOCOL_ERROR
    assert conversation.state is SessionState.DISCONNECTED
    assert ended_of(conversation).code is SessionEnd.PROTOCOL_ERROR
    assert not ended_of(conversation).by_relay
    assert ended_of(conversation).final


def test_messages_before_a_violation_count() -> None:
    conversation = joined()
    conversation.receive_bytes(encode_message(BOB) + b"\xff\xff\xff\xff", now=0.0)
    assert conversation.members == {8: BOB}
    assert ended_of(conversation).code is SessionEnd.PROTOCOL_ERROR


def test_a_version_that_was_not_offered_is_refused() -> None:
    conversation = Conversation(HELLO)
    conversation.handle_connected(now=0.0)
    say(conversation, WELCOME.model_copy(update={"version": 2}))
    assert ended_of(conversation).code is SessionEnd.VERSION
    assert conversation.welcome is None


def test_a_room_that_the_port_cannot_carry_is_refused() -> None:
    conversation = Conversation(HELLO.model_copy(update={"port_mtu": 1_400}))
    conversation.handle_connected(now=0.0)
    say(conversation, WELCOME)
    assert ended_of(conversation).code is SessionEnd.MTU_TOO_SMALL


def test_a_relay_cannot_name_members_without_end() -> None:
    conversation = joined()
    for peer_id in range(1, MEMBERS_LIMIT + 1):
        say(conversation, BOB.model_copy(update={"peer_id": peer_id}))
    assert conversation.state is SessionState.JOINED
    say(conversation, BOB.model_copy(update={"peer_id": MEMBERS_LIMIT + 1}))
    assert ended_of(conversation).code is SessionEnd.PROTOCOL_ERROR


def test_a_ping_is_sent_once_welcomed_and_its_answer_is_kept() -> None:
    early = Conversation(HELLO)
    early.handle_connected(now=0.0)
    early.to_send()
    early.ping(4)
    assert sent(early) == []
    conversation = joined()
    conversation.ping(5)
    assert sent(conversation) == [Ping(nonce=5)]
    assert conversation.last_pong is None
    say(conversation, Pong(nonce=5))
    assert conversation.last_pong == 5


def test_what_the_relay_leases_may_change() -> None:
    conversation = joined()
    assert conversation.lease is None
    lease = AddressLease(address=IPv4Address("10.1.2.3"), prefix_length=24, seconds=60)
    say(conversation, Lease(lease=lease))
    assert conversation.lease == lease


def test_prefixes_are_told_to_nobody_before_the_welcome_and_after_the_end() -> None:
    message = PrefixesInUse(prefixes_in_use=())
    conversation = joined()
    conversation.report_prefixes(message)
    assert sent(conversation) == [message]
    conversation.disconnect(SessionEnd.LEFT, "")
    conversation.to_send()
    conversation.report_prefixes(message)
    conversation.ping(1)
    assert sent(conversation) == []


def test_a_relay_that_renumbers_without_end_is_left() -> None:
    conversation = joined()
    leases = [
        Lease(
            lease=AddressLease(
                address=IPv4Address(f"10.1.{number}.3"), prefix_length=24, seconds=60
            )
        )
        for number in range(LEASES_LIMIT + 1)
    ]
    say(conversation, *leases[:-1], now=100.0)
    assert not conversation.state.is_over
    say(conversation, leases[-1], now=160.0)
    assert conversation.lease == leases[-1].lease
    say(conversation, *leases[:-1], now=161.0)
    assert conversation.ended is not None
    assert conversation.ended.code is SessionEnd.PROTOCOL_ERROR
