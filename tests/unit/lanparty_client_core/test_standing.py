from ipaddress import IPv4Address, ip_network

from lanparty_client_core import LeaseChanged, MemberJoined, Welcomed
from lanparty_client_core.conversation import Conversation
from lanparty_client_core.standing import PREFIXES_LIMIT, Standing
from lanparty_ctrl import (
    AddressLease,
    Hello,
    Lease,
    Message,
    MessageDecoder,
    PeerJoined,
    PrefixesInUse,
    Role,
    RoomCode,
    RoomReady,
    Welcome,
    encode_message,
)
from lanparty_proto import MacAddress

HOME = ip_network("192.168.0.0/24")
LEASE = AddressLease(address=IPv4Address("10.1.2.3"), prefix_length=24, seconds=86_400)
OTHER = AddressLease(address=IPv4Address("10.9.9.3"), prefix_length=24, seconds=86_400)
HELLO = Hello(
    role=Role.CLIENT,
    mac=MacAddress.parse("02:00:00:00:00:01"),
    name="alice",
    datagram_budget=1_500,
    port_mtu=1_500,
    prefixes_in_use=(HOME,),
)
BOB = PeerJoined(peer_id=8, role=Role.CLIENT, mac=MacAddress.parse("02:00:00:00:00:02"), name="bob")


def welcome(lease: AddressLease | None = LEASE, *, resumed: bool = False) -> Welcome:
    return Welcome(
        version=1,
        peer_id=7,
        room_code=RoomCode("ABCDE"),
        room_id="room",
        mtu=1_500,
        datagram_budget=1_160,
        resume_token="0" * 32,
        heartbeat_seconds=10,
        peers_limit=64,
        server_version="softlan 1",
        resumed=resumed,
        lease=lease,
    )


def welcomed(standing: Standing, said: Welcome, *more: Message) -> Conversation:
    """Let a conversation hear the welcome and more, and the standing follow it."""
    conversation = Conversation(standing.next_hello())
    conversation.handle_connected(now=0.0)
    conversation.to_send()
    for message in (said, *more):
        conversation.receive_bytes(encode_message(message), now=0.0)
    standing.handle_welcome(said, conversation)
    standing.receive_news(conversation, now=0.0)
    return conversation


def sent(conversation: Conversation) -> list[Message]:
    decoder = MessageDecoder()
    decoder.receive_bytes(conversation.to_send())
    return list(decoder.messages())


def test_the_first_hello_is_the_one_it_was_given() -> None:
    assert Standing(HELLO).next_hello() == HELLO


def test_later_hellos_ask_for_the_same_place_in_the_same_room() -> None:
    standing = Standing(HELLO)
    welcomed(standing, welcome())
    hello = standing.next_hello()
    assert hello.room_code == RoomCode("ABCDE")
    assert hello.create
    assert hello.resume_token == "0" * 32
    assert hello.address_wanted == LEASE.address
    assert hello.prefixes_in_use == (HOME,)


def test_a_welcome_is_told_before_what_follows_from_it() -> None:
    standing = Standing(HELLO)
    welcomed(standing, welcome(), BOB, RoomReady())
    events = standing.events()
    assert events == [Welcomed(welcome()), MemberJoined(BOB), LeaseChanged(LEASE)]
    assert standing.was_joined
    assert not standing.has_events


def test_a_lease_that_stays_is_no_news() -> None:
    standing = Standing(HELLO)
    welcomed(standing, welcome())
    standing.events()
    welcomed(standing, welcome(resumed=True))
    assert standing.events() == [Welcomed(welcome(resumed=True))]


def test_the_relay_may_lease_another_address_or_none() -> None:
    standing = Standing(HELLO)
    conversation = welcomed(standing, welcome())
    standing.events()
    conversation.receive_bytes(encode_message(Lease(lease=OTHER)), now=1.0)
    standing.receive_news(conversation, now=1.0)
    assert standing.events() == [LeaseChanged(OTHER)]
    assert standing.next_hello().address_wanted == OTHER.address
    welcomed(standing, welcome(None))
    assert standing.lease is None


def test_prefixes_are_told_once_and_go_into_later_hellos() -> None:
    standing = Standing(HELLO)
    conversation = welcomed(standing, welcome())
    work = ip_network("172.16.0.0/16")
    standing.report_prefixes([HOME], conversation)
    assert sent(conversation) == []
    standing.report_prefixes([HOME, work], conversation)
    assert sent(conversation) == [PrefixesInUse(prefixes_in_use=(HOME, work))]
    assert standing.next_hello().prefixes_in_use == (HOME, work)


def test_prefixes_that_changed_while_a_hello_was_under_way_are_told_after_the_welcome() -> None:
    standing = Standing(HELLO)
    conversation = Conversation(standing.next_hello())
    conversation.handle_connected(now=0.0)
    standing.report_prefixes([], None)
    conversation.receive_bytes(encode_message(welcome()), now=0.0)
    conversation.to_send()
    standing.handle_welcome(welcome(), conversation)
    assert sent(conversation) == [PrefixesInUse(prefixes_in_use=())]


def test_more_prefixes_than_a_message_may_name_are_cut() -> None:
    standing = Standing(HELLO)
    standing.report_prefixes([ip_network(f"10.{n}.0.0/16") for n in range(100)], None)
    assert len(standing.next_hello().prefixes_in_use) == PREFIXES_LIMIT
