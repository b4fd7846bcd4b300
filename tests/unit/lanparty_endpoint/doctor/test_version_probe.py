"""The question that every QUIC server answers, against aioquic's own idea of the answer."""

import pytest
from aioquic.buffer import Buffer  # type: ignore[attr-defined]  # re-exported without saying so
from aioquic.quic.packet import (
    QuicPacketType,
    encode_quic_version_negotiation,
    pull_quic_header,
)

from lanparty_endpoint.doctor import SMALLEST_VERSION_PROBE, answered_nonce, version_probe

DESTINATION = bytes.fromhex("0123456789abcdef")
QUIC_1 = 0x00000001


def answer_to(probe: bytes) -> bytes:
    header = pull_quic_header(Buffer(data=probe), host_cid_length=8)
    return encode_quic_version_negotiation(
        source_cid=header.destination_cid,
        destination_cid=header.source_cid,
        supported_versions=[QUIC_1],
    )


@pytest.mark.parametrize("nonce", [0, 1, 2**64 - 1])
def test_the_answer_brings_the_nonce_back(nonce: int) -> None:
    probe = version_probe(nonce, destination_id=DESTINATION)
    assert len(probe) == SMALLEST_VERSION_PROBE
    assert answered_nonce(answer_to(probe), destination_id=DESTINATION) == nonce


def test_others_read_it_as_a_packet_of_a_version_that_they_do_not_speak() -> None:
    probe = version_probe(7, destination_id=DESTINATION, size=1_472)
    header = pull_quic_header(Buffer(data=probe), host_cid_length=8)
    assert len(probe) == 1_472
    assert header.version is not None
    assert header.version & 0x0F0F0F0F == 0x0A0A0A0A, "a version kept for this"
    assert header.packet_type is not QuicPacketType.VERSION_NEGOTIATION


def test_an_answer_to_another_is_none_of_ours() -> None:
    answer = answer_to(version_probe(7, destination_id=bytes(8)))
    assert answered_nonce(answer, destination_id=DESTINATION) is None


def test_no_other_packet_is_taken_for_an_answer() -> None:
    probe = version_probe(7, destination_id=DESTINATION)
    answer = answer_to(probe)
    short = bytes([answer[0] & 0x7F]) + answer[1:]
    for packet in (b"", answer[:22], probe, short, bytes(100), b"\xff" * 100):
        assert answered_nonce(packet, destination_id=DESTINATION) is None
