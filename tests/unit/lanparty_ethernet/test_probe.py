"""Probes: the vectors, every short length, and that scapy reads the datagram."""

import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lanparty_ethernet import PacketError, PacketFault
from lanparty_ethernet.probe import (
    ETHERTYPE_PROBE,
    PROBE_UDP_PORT,
    SMALLEST_PROBE_FRAME,
    Hearing,
    Probe,
    ProbeDirection,
    ProbeKind,
    broadcast_datagram,
)
from lanparty_proto import MacAddress, parse_ethernet

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "probes.json").read_text()
)
PLAYER = MacAddress.parse("02:00:5e:10:00:01")
OTHER = MacAddress.parse("02:00:5e:10:00:02")


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["probes"], ids=name_of)
def test_a_probe_says_what_the_vector_says(vector: dict[str, Any]) -> None:
    header = parse_ethernet(memoryview(bytes.fromhex(vector["frame"])))
    probe = Probe.parse(header.payload)
    assert header.ethertype == ETHERTYPE_PROBE
    assert probe.kind.name.lower() == vector["kind"]
    assert probe.nonce == int(vector["nonce"], 16)
    assert probe.hearing.name.lower() == vector["hearing"]
    assert probe.direction.name.lower() == vector["direction"]
    expected = vector["relay_round_trip_microseconds"] / 1e6 or None
    assert probe.relay_round_trip == expected


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS["probes"] if each.get("written", True)], ids=name_of
)
def test_a_probe_is_written_as_the_vector_says(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    probe = Probe(
        kind=ProbeKind[vector["kind"].upper()],
        nonce=int(vector["nonce"], 16),
        hearing=Hearing[vector["hearing"].upper()],
        direction=ProbeDirection[vector["direction"].upper()],
        relay_round_trip=vector["relay_round_trip_microseconds"] / 1e6 or None,
    )
    destination = MacAddress.parse(vector["destination"])
    source = MacAddress.parse(vector["source"])
    assert probe.frame(destination, source, size=len(frame)) == frame


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=name_of)
def test_what_is_no_probe_is_refused_for_its_reason(vector: dict[str, str]) -> None:
    with pytest.raises(PacketError) as refusal:
        Probe.parse(memoryview(bytes.fromhex(vector["payload"])))
    assert refusal.value.reason == PacketFault(vector["reason"])


@pytest.mark.parametrize("length", range(20))
def test_every_shorter_payload_is_truncated(length: int) -> None:
    with pytest.raises(PacketError) as refusal:
        Probe.parse(Probe(kind=ProbeKind.SEEN_BY, nonce=1).encode()[:length])
    assert refusal.value.reason is PacketFault.TRUNCATED


@given(
    kind=st.sampled_from(ProbeKind),
    nonce=st.integers(0, 2**64 - 1),
    hearing=st.sampled_from(Hearing),
    direction=st.sampled_from(ProbeDirection),
    microseconds=st.none() | st.integers(1, 2**32 - 1),
    padding=st.binary(max_size=40),
)
def test_what_is_written_is_read_back_whatever_the_padding(
    kind: ProbeKind,
    nonce: int,
    hearing: Hearing,
    direction: ProbeDirection,
    microseconds: int | None,
    padding: bytes,
) -> None:
    probe = Probe(
        kind=kind,
        nonce=nonce,
        hearing=hearing,
        relay_round_trip=None if microseconds is None else microseconds / 1_000_000,
        direction=direction if kind is ProbeKind.LOOP else ProbeDirection.UNSAID,
    )
    assert Probe.parse(probe.encode() + padding) == probe


@pytest.mark.parametrize(("seconds", "written"), [(0.0, 1e-6), (1e-9, 1e-6), (1e9, 4294.967295)])
def test_a_round_trip_beyond_the_field_is_the_nearest_that_fits(
    seconds: float, written: float
) -> None:
    probe = Probe(kind=ProbeKind.ECHO_REPLY, nonce=1, relay_round_trip=seconds)
    assert Probe.parse(probe.encode()).relay_round_trip == written


@pytest.mark.parametrize("vector", VECTORS["datagrams"], ids=name_of)
def test_the_datagram_is_a_broadcast_that_others_understand(vector: dict[str, Any]) -> None:
    probe = Probe(kind=ProbeKind.SEEN_BY, nonce=int(vector["nonce"], 16))
    source = MacAddress.parse(vector["source"])
    frame = broadcast_datagram(probe, source=source, address=IPv4Address(vector["address"]))
    assert frame.hex() == vector["frame"]
    read = Ether(frame)
    assert (read.dst, read.src) == ("ff:ff:ff:ff:ff:ff", vector["source"])
    assert (read[IP].src, read[IP].dst) == (vector["address"], "255.255.255.255")
    assert (read[UDP].sport, read[UDP].dport) == (PROBE_UDP_PORT, PROBE_UDP_PORT)
    assert Probe.parse(bytes(read[UDP].payload)) == probe
    rebuilt = Ether(frame)
    del rebuilt[IP].chksum
    del rebuilt[UDP].chksum
    assert bytes(rebuilt) == frame, "scapy makes the same checksums"


def test_an_answer_is_never_larger_than_its_question() -> None:
    question = Probe(kind=ProbeKind.SEEN_BY, nonce=1)
    datagram = broadcast_datagram(question, source=PLAYER, address=IPv4Address("10.77.0.1"))
    answer = Probe(kind=ProbeKind.SEEN_DATAGRAM, nonce=1).frame(OTHER, PLAYER)
    assert len(answer) == SMALLEST_PROBE_FRAME <= len(datagram)
