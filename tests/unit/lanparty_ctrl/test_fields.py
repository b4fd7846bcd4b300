import json
from dataclasses import fields
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from pydantic import TypeAdapter, ValidationError

from lanparty_ctrl.fields import (
    Counters,
    Credential,
    DatagramBudget,
    Features,
    HostName,
    Ipv4,
    Mac,
    Nonce,
    PeerId,
    Pin,
    PortMtu,
    Prefix,
    PublicRoomId,
    ResumeToken,
    RoomCodeField,
    RoomMtu,
    ServerVersion,
    Version,
)
from lanparty_ctrl.room_codes import RoomCode
from lanparty_obs import Cast, EgressDrop, IngressDrop, TunnelCounters
from lanparty_proto.mac import MacAddress

ANN = MacAddress.parse("02:00:5e:10:00:01")


@pytest.mark.parametrize(
    "spelling", ["02:00:5e:10:00:01", "02-00-5E-10-00-01", "0200.5e10.0001", "02005e100001", ANN]
)
def test_a_mac_is_read_in_every_usual_spelling(spelling: object) -> None:
    mac = TypeAdapter(Mac).validate_python(spelling)
    assert isinstance(mac, MacAddress)
    assert mac == ANN


def test_a_mac_is_written_with_colons() -> None:
    assert TypeAdapter(Mac).dump_json(ANN) == b'"02:00:5e:10:00:01"'


def test_a_universally_administered_mac_is_the_relays_to_refuse() -> None:
    assert str(TypeAdapter(Mac).validate_python("00:1b:21:00:00:01")) == "00:1b:21:00:00:01"


@pytest.mark.parametrize(
    "unfit",
    [
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "03:00:00:00:00:01",
        "02:00",
        "",
        2,
        None,
        b"\x02" * 6,
    ],
)
def test_what_is_no_identity_is_no_mac(unfit: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Mac).validate_python(unfit)


def test_a_room_code_arrives_in_its_one_spelling() -> None:
    code = TypeAdapter(RoomCodeField).validate_json('"7k3m-9qxr"')
    assert isinstance(code, RoomCode)
    assert code == "7K3M9QXR"
    assert TypeAdapter(RoomCodeField).dump_json(code) == b'"7K3M9QXR"'


@pytest.mark.parametrize("unfit", ["abc", 1234, None, ["A", "B", "C", "D"]])
def test_what_is_no_room_code_is_refused(unfit: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(RoomCodeField).validate_python(unfit)


def test_addresses_and_prefixes_are_read_from_text() -> None:
    assert TypeAdapter(Ipv4).validate_json('"10.0.0.1"') == IPv4Address("10.0.0.1")
    assert TypeAdapter(Prefix).validate_json('"10.0.0.0/8"') == IPv4Network("10.0.0.0/8")
    assert TypeAdapter(Prefix).validate_json('"fd00::/64"') == IPv6Network("fd00::/64")


@pytest.mark.parametrize("unfit", ["10.0.0.1/8", "10.0.0.0/33", "fe80::%eth0/64", 10, "x" * 60])
def test_what_is_no_prefix_is_refused(unfit: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Prefix).validate_python(unfit)


@pytest.mark.parametrize("unfit", [1, True, "10.0.0", "010.0.0.1", "::1"])
def test_what_is_no_ipv4_address_is_refused(unfit: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Ipv4).validate_python(unfit)


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        (Version, 1, 255),
        (PeerId, 1, 65_535),
        (RoomMtu, 1_280, 1_500),
        (PortMtu, 0, 65_535),
        (DatagramBudget, 0, 65_535),
        (Nonce, 0, 2**53 - 1),
    ],
)
def test_a_number_has_a_lowest_and_a_highest_value(
    field: type[int], lowest: int, highest: int
) -> None:
    adapter = TypeAdapter(field)
    assert adapter.validate_python(lowest) == lowest
    assert adapter.validate_python(highest) == highest
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(ValidationError):
            adapter.validate_python(beyond)


@pytest.mark.parametrize(
    ("field", "fit", "unfit"),
    [
        (PublicRoomId, ["r", "a-Z_9", "a" * 32], ["", "a" * 33, "a b", "a/b", "a\n"]),
        (
            ResumeToken,
            ["0123456789abcdef" * 2],
            ["", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n"],
        ),
        (Credential, ["a", "~" * 4_096], ["", "a" * 4_097, "a b", "é"]),
        (Pin, ["sha256:" + "a-_" * 14 + "A"], ["", "sha256:", "md5:" + "a" * 43]),
        (HostName, ["relay.example", "10.0.0.1", "fd00::1"], ["", "a b", "a" * 254, "é.example"]),
        (ServerVersion, ["", "softlan 0.1.0"], ["a" * 65, "\x1b[2J"]),
    ],
)
def test_a_text_field_takes_what_it_should_and_nothing_else(
    field: type[str], fit: list[str], unfit: list[str]
) -> None:
    adapter = TypeAdapter(field)
    assert [adapter.validate_python(text) for text in fit] == fit
    for text in unfit:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_features_are_a_set_that_is_written_in_order() -> None:
    adapter: TypeAdapter[frozenset[str]] = TypeAdapter(Features)
    assert adapter.validate_json('["b","a","b"]') == {"a", "b"}
    assert adapter.dump_json(frozenset({"c", "a", "b"})) == b'["a","b","c"]'
    with pytest.raises(ValidationError):
        adapter.validate_python(frozenset(map(str, range(33))))


COUNTERS: TypeAdapter[TunnelCounters] = TypeAdapter(Counters)
FULL = TunnelCounters(
    received=1,
    received_bytes=2,
    forwarded=dict.fromkeys(Cast, 3),
    dropped_ingress=dict.fromkeys(IngressDrop, 4),
    chosen=5,
    sent=6,
    sent_bytes=2**63 - 1,
    dropped_egress=dict.fromkeys(EgressDrop, 7),
    queued=8,
    cut=9,
    pieces=10,
)


def test_every_counter_survives_json() -> None:
    assert all(getattr(FULL, each.name) for each in fields(TunnelCounters))
    read = COUNTERS.validate_json(COUNTERS.dump_json(FULL))
    assert read == FULL
    assert all(isinstance(reason, IngressDrop) for reason in read.dropped_ingress)


def test_an_absent_count_is_0() -> None:
    assert COUNTERS.validate_json("{}") == TunnelCounters()


def test_what_only_a_later_version_counts_is_ignored() -> None:
    later = '{"reflected": 3, "forwarded": {"anycast": 4, "unicast": 5}}'
    assert COUNTERS.validate_json(later) == TunnelCounters(forwarded={Cast.UNICAST: 5})


@pytest.mark.parametrize(
    "unfit",
    [
        "[]",
        "null",
        '{"received": -1}',
        '{"received": 9223372036854775808}',
        '{"received": 1.0}',
        '{"received": true}',
        '{"received": "1"}',
        '{"received": null}',
        '{"forwarded": []}',
        '{"forwarded": {"unicast": -1}}',
        '{"dropped_egress": {"over_budget": 9223372036854775808}}',
        json.dumps({"forwarded": dict.fromkeys(range(65), 0)}),
    ],
)
def test_what_is_no_count_is_refused(unfit: str) -> None:
    with pytest.raises(ValidationError):
        COUNTERS.validate_json(unfit)


def test_counters_made_in_code_are_held_to_the_same_limits() -> None:
    with pytest.raises(ValidationError):
        COUNTERS.validate_python(TunnelCounters(received=-1))
