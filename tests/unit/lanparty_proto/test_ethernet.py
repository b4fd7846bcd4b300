"""Ethernet headers: the vectors, every short length, and that scapy agrees."""

import json
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

from lanparty_proto import (
    CUSTOMER_TAG,
    SERVICE_TAG,
    EthernetError,
    EthernetFault,
    MacAddress,
    ProtoError,
    VlanTag,
    encode_ethernet,
    ethernet_header_length,
    parse_ethernet,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "ethernet.json").read_text()
)
PLAYER = MacAddress.parse("02:00:5e:10:00:01")
OTHER = MacAddress.parse("02:00:5e:10:00:02")


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def described(tag: VlanTag | None) -> dict[str, int | bool] | None:
    if tag is None:
        return None
    return {
        "protocol": tag.protocol,
        "priority": tag.priority,
        "drop_eligible": tag.drop_eligible,
        "vlan": tag.vlan,
    }


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=name_of)
def test_a_header_says_what_the_vector_says(vector: dict[str, Any]) -> None:
    header = parse_ethernet(memoryview(bytes.fromhex(vector["frame"])))
    assert {
        "destination": str(MacAddress(header.destination)),
        "source": str(MacAddress(header.source)),
        "type_or_length": header.type_or_length,
        "ethertype": header.ethertype,
        "length": header.length,
        "tag": described(header.tag),
        "header_length": header.header_length,
        "payload": header.payload.hex(),
    } == {key: vector[key] for key in vector if key not in ("name", "frame")}


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=name_of)
def test_encoding_a_parsed_header_gives_the_frame_again(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    header = parse_ethernet(memoryview(frame))
    assert frame == encode_ethernet(
        header.destination,
        header.source,
        header.type_or_length,
        header.payload,
        tag=header.tag,
    )


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=name_of)
def test_the_length_alone_is_the_parsed_one(vector: dict[str, Any]) -> None:
    assert ethernet_header_length(bytes.fromhex(vector["frame"])) == vector["header_length"]


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=name_of)
def test_what_is_no_frame_is_refused_for_the_vectors_reason(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    with pytest.raises(EthernetError) as refused:
        parse_ethernet(memoryview(frame))
    assert refused.value.reason is EthernetFault(vector["reason"])
    with pytest.raises(EthernetError) as refused_again:
        ethernet_header_length(frame)
    assert refused_again.value.reason is refused.value.reason


@pytest.mark.parametrize("length", range(14))
def test_every_frame_under_14_bytes_is_a_runt(length: int) -> None:
    with pytest.raises(EthernetError, match="runt"):
        parse_ethernet(memoryview(bytes(length)))


@pytest.mark.parametrize("length", range(14, 18))
@pytest.mark.parametrize("protocol", [CUSTOMER_TAG, SERVICE_TAG], ids=hex)
def test_a_frame_may_not_end_inside_its_tag(protocol: int, length: int) -> None:
    tagged = encode_ethernet(PLAYER, OTHER, 0x0800, b"", tag=VlanTag(protocol, 1))
    with pytest.raises(EthernetError, match="truncated_tag"):
        parse_ethernet(memoryview(tagged[:length]))


def test_addresses_find_members_by_their_mac() -> None:
    header = parse_ethernet(memoryview(encode_ethernet(PLAYER, OTHER, 0x0800, b"")))
    assert {PLAYER: "found"}[MacAddress(header.destination)] == "found"
    assert header.source in {OTHER}


def test_the_payload_is_a_view_of_the_frame() -> None:
    frame = bytearray(encode_ethernet(PLAYER, OTHER, 0x0800, bytes(46)))
    payload = parse_ethernet(memoryview(frame)).payload
    frame[14] = 0xEE
    assert payload[0] == 0xEE


def test_scapy_reads_the_tag_that_was_written() -> None:
    tag = VlanTag(CUSTOMER_TAG, 5 << 13 | 0x1000 | 100)
    frame = Ether(encode_ethernet(PLAYER, OTHER, 0x0806, bytes(28), tag=tag))
    assert (frame.dst, frame.src) == (str(PLAYER), str(OTHER))
    assert (frame[Dot1Q].prio, frame[Dot1Q].dei, frame[Dot1Q].vlan) == (5, 1, 100)
    assert frame[Dot1Q].type == 0x0806


def test_the_tag_that_scapy_wrote_is_read() -> None:
    frame = bytes(
        Ether(dst=str(PLAYER), src=str(OTHER)) / Dot1AD(vlan=200, prio=3) / Dot1Q(vlan=9) / b"data"
    )
    header = parse_ethernet(memoryview(frame))
    assert header.tag == VlanTag(SERVICE_TAG, 3 << 13 | 200)
    assert header.type_or_length == CUSTOMER_TAG
    assert bytes(header.payload[-4:]) == b"data"


def test_ethernet_errors_are_errors_of_the_package() -> None:
    assert issubclass(EthernetError, ProtoError)
