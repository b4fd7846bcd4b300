from ipaddress import IPv4Address, IPv4Network
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from lanparty_ctrl import (
    AddressLease,
    Disconnect,
    Hello,
    Message,
    PeerJoined,
    Ping,
    PrefixesInUse,
    Redirect,
    Role,
    RoomCode,
    Welcome,
)
from lanparty_obs import SessionEnd
from lanparty_proto.mac import MacAddress

ANN = MacAddress.parse("02:00:5e:10:00:01")


def hello(**changes: Any) -> Hello:  # any field, to see it refused
    given: dict[str, Any] = {
        "role": Role.CLIENT,
        "mac": ANN,
        "name": "Ann",
        "datagram_budget": 1_170,
        "port_mtu": 1_500,
    }
    return Hello(**given | changes)


def welcome(**changes: Any) -> Welcome:  # any field, to see it refused
    given: dict[str, Any] = {
        "version": 1,
        "peer_id": 1,
        "room_code": "abcd",
        "room_id": "r1",
        "mtu": 1_500,
        "datagram_budget": 1_170,
        "resume_token": "0" * 32,
        "heartbeat_seconds": 10,
        "peers_limit": 64,
        "server_version": "0.1.0",
    }
    return Welcome(**given | changes)


def test_a_hello_needs_little() -> None:
    given = hello()
    assert given.versions == (1,)
    assert given.room_code is None
    assert not given.create
    assert given.features == frozenset()


def test_a_client_has_a_mac_and_a_gateway_has_none() -> None:
    assert hello(role=Role.GATEWAY, mac=None).mac is None
    with pytest.raises(ValidationError, match="client needs a mac"):
        hello(mac=None)
    with pytest.raises(ValidationError, match="gateway has no mac"):
        hello(role=Role.GATEWAY)


def test_only_a_gateway_stands_by() -> None:
    assert hello(role=Role.GATEWAY, mac=None, standby=True).standby
    with pytest.raises(ValidationError, match="only a gateway"):
        hello(standby=True)


@pytest.mark.parametrize(
    "unfit",
    [
        {"versions": ()},
        {"versions": (0,)},
        {"versions": (1,) * 17},
        {"role": "server"},
        {"room_code": "abc"},
        {"create": 1},
        {"name": ""},
        {"name": "x" * 33},
        {"datagram_budget": -1},
        {"port_mtu": "1500"},
        {"features": frozenset({""})},
        {"credential": ""},
        {"resume_token": "0"},
        {"prefixes_in_use": ("10.0.0.0/8",) * 65},
    ],
)
def test_a_hello_with_an_unfit_field_is_refused(unfit: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        hello(**unfit)


@pytest.mark.parametrize(
    "unfit",
    [
        {"peer_id": 0},
        {"mtu": 1_279},
        {"mtu": 1_501},
        {"heartbeat_seconds": 0},
        {"peers_limit": 251},
        {"room_code": None},
        {"resume_token": None},
    ],
)
def test_a_welcome_with_an_unfit_field_is_refused(unfit: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        welcome(**unfit)


def test_a_budget_below_the_least_is_readable_so_that_it_can_be_rejected_by_its_code() -> None:
    assert hello(datagram_budget=0, port_mtu=500).port_mtu == 500


def test_a_redirect_names_another_relay() -> None:
    end = Disconnect(code=SessionEnd.SHUTDOWN, redirect=Redirect(host="b.example"), retry_after=1)
    assert end.redirect is not None
    assert end.redirect.port == 443


@pytest.mark.parametrize("seconds", [-1, 86_401, float("nan"), float("inf")])
def test_retry_after_is_at_most_a_day(seconds: float) -> None:
    with pytest.raises(ValidationError):
        Disconnect(code=SessionEnd.SHUTDOWN, retry_after=seconds)


def test_a_member_is_named_with_the_mac_that_its_role_asks_for() -> None:
    assert PeerJoined(peer_id=1, role=Role.GATEWAY, name="Attic").mac is None
    assert PeerJoined(peer_id=1, role=Role.CLIENT, mac=ANN, name="Ann").mac == ANN
    with pytest.raises(ValidationError, match="client needs a mac"):
        PeerJoined(peer_id=1, role=Role.CLIENT, name="Ann")
    with pytest.raises(ValidationError, match="gateway has no mac"):
        PeerJoined(peer_id=1, role=Role.GATEWAY, mac=ANN, name="Attic")


def test_a_client_is_named_with_the_address_that_is_leased_to_it() -> None:
    address = IPv4Address("10.171.5.34")
    named = PeerJoined(peer_id=1, role=Role.CLIENT, mac=ANN, name="Ann", address=address)
    assert '"address":"10.171.5.34"' in named.model_dump_json()


def test_at_most_64_prefixes_are_told() -> None:
    prefix = IPv4Network("10.0.0.0/8")
    assert len(PrefixesInUse(prefixes_in_use=(prefix,) * 64).prefixes_in_use) == 64
    with pytest.raises(ValidationError):
        PrefixesInUse(prefixes_in_use=(prefix,) * 65)


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Ping(nonce=1).nonce = 2  # type: ignore[misc]  # what the test is about


def test_no_secret_is_in_a_repr() -> None:
    secrets = {"room_code": "SECRET", "resume_token": "deadbeef" * 4}
    shown = repr(hello(**secrets, credential="letmein")) + repr(welcome(**secrets))
    assert not any(secret in shown for secret in ("SECRET", "deadbeef", "letmein"))
    assert RoomCode.parse("SECRET") == hello(**secrets).room_code


def test_every_message_type_has_a_name_of_its_own() -> None:
    names = [model.model_fields["type"].default for model in get_args(Message)]
    assert len(set(names)) == len(names) == 13


@pytest.mark.parametrize(
    ("address", "prefix_length"),
    [("10.160.3.2", 24), ("172.16.200.254", 24), ("192.168.200.9", 16), ("100.64.0.1", 30)],
)
def test_a_lease_is_a_host_of_a_private_network(address: str, prefix_length: int) -> None:
    lease = AddressLease(address=IPv4Address(address), prefix_length=prefix_length, seconds=60)
    assert (str(lease.address), lease.prefix_length) == (address, prefix_length)


@pytest.mark.parametrize(
    ("address", "prefix_length"),
    [
        ("8.8.8.8", 8),
        ("1.1.1.2", 30),
        ("127.0.0.2", 8),
        ("0.0.0.1", 8),
        ("169.254.1.1", 16),
        ("224.0.0.1", 24),
        ("255.255.255.254", 24),
        ("172.16.0.1", 11),
        ("192.168.1.1", 15),
        ("10.1.2.0", 24),
        ("10.1.2.255", 24),
    ],
)
def test_a_lease_that_would_lead_other_traffic_into_the_room_is_refused(
    address: str, prefix_length: int
) -> None:
    with pytest.raises(ValidationError):
        AddressLease(address=IPv4Address(address), prefix_length=prefix_length, seconds=60)
