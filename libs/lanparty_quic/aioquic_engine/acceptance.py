"""What happens to a packet of nobody that is known: a new connection, an answer, or nothing.

Nothing is kept for a packet that is refused or answered, so a flood of them costs no memory.
"""

import os
from dataclasses import dataclass
from typing import Final, NamedTuple

from aioquic._buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import (
    QuicHeader,
    QuicPacketType,
    QuicProtocolVersion,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from aioquic.quic.retry import QuicRetryTokenHandler

from lanparty_obs.reasons import PacketDrop
from lanparty_quic.aioquic_engine.configuration import CONNECTION_ID_LENGTH, server_configuration
from lanparty_quic.endpoint import Address
from lanparty_quic.handshakes import Handshakes, Judgement
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits
from lanparty_quic.sources import Source, source_of

__all__ = ["Acceptance", "Admitted", "Refused", "claims_proof", "destination_id"]

_SMALLEST_INITIAL: Final = 1200
"""A shorter datagram with an Initial is dropped (RFC 9000 section 14.1)."""

_SHORTEST_FIRST_ID: Final = 8
"""Bytes of the destination id that a client makes up (RFC 9000 section 7.2)."""

_LONG_HEADER: Final = 0x80
_TYPE_BITS: Final = 0x30
"""All 0 in an Initial (RFC 9000 section 17.2)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A connection begins; the packet that opened it is still to be fed to it."""

    quic: QuicConnection
    first_id: bytes
    """The destination id that the client goes on using until it hears the server's."""
    source: Source
    is_proven: bool
    """Its client has shown that it hears what is sent to its address."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No connection; perhaps an answer that keeps no state."""

    reason: PacketDrop
    answer: bytes | None = None


def destination_id(packet: bytes) -> bytes | None:
    """Return the destination connection id, None when the packet is too short to have one.

    For long headers of any version (RFC 8999 section 5.1) and short headers of this endpoint.
    """
    if len(packet) < 1 + CONNECTION_ID_LENGTH:
        return None
    if not packet[0] & _LONG_HEADER:
        return packet[1 : 1 + CONNECTION_ID_LENGTH]
    end = 6 + packet[5]
    return packet[6:end] if end <= len(packet) else None


class _LongHeader(NamedTuple):
    """What every version's long header has (RFC 8999 section 5.1)."""

    version: int
    destination_id: bytes
    source_id: bytes

    @classmethod
    def parse(cls, packet: bytes) -> "_LongHeader | None":
        """Return None for a packet that is too short for its ids, or has a short header."""
        destination = destination_id(packet)
        if destination is None or not packet[0] & _LONG_HEADER:
            return None
        at = 6 + len(destination)
        if at >= len(packet) or at + 1 + packet[at] > len(packet):
            return None
        source = packet[at + 1 : at + 1 + packet[at]]
        return cls(int.from_bytes(packet[1:5], "big"), destination, source)


def claims_proof(packet: bytes) -> bool:
    """Tell whether a packet with a long header is a first one with a token, whatever it is worth.

    It costs a hundredth of looking at the token.
    """
    if packet[0] & _TYPE_BITS or len(packet) < _SMALLEST_INITIAL:
        return False
    source_id_at = 6 + packet[5]
    token_at = source_id_at + 1 + packet[source_id_at]
    return packet[token_at] != 0


class Acceptance:
    """Decides about newcomers by the listener's identity, its limits and what goes on."""

    def __init__(
        self, identity: ServerIdentity | None, *, limits: EndpointLimits, handshakes: Handshakes
    ) -> None:
        """`handshakes` are the endpoint's, and are only asked."""
        self._configuration: QuicConfiguration | None = None
        self._limits = limits
        if identity is not None:
            self.renew_identity(identity)
        self._handshakes = handshakes
        self._tokens = QuicRetryTokenHandler()

    def renew_identity(self, identity: ServerIdentity) -> None:
        """Show newcomers this identity from now on."""
        self._configuration = server_configuration(identity, self._limits)

    def examine(
        self, packet: bytes, address: Address, *, connections: int, now: float
    ) -> Admitted | Refused:
        """Judge a packet, while the endpoint has so many connections."""
        configuration = self._configuration
        if configuration is None:
            return Refused(PacketDrop.NOT_ACCEPTING)
        # The version first: of another one nothing is known but what all have in common.
        long_header = _LongHeader.parse(packet)
        if long_header is None:
            return Refused(PacketDrop.MALFORMED)
        if long_header.version == QuicProtocolVersion.NEGOTIATION:
            # Answering it with another would let two servers be set at each other.
            return Refused(PacketDrop.UNKNOWN_CONNECTION)
        if long_header.version not in configuration.supported_versions:
            return _refuse_version(packet, long_header, configuration)
        try:
            header = pull_quic_header(Buffer(data=packet), host_cid_length=CONNECTION_ID_LENGTH)
        except ValueError:
            return Refused(PacketDrop.MALFORMED)
        if header.packet_type is not QuicPacketType.INITIAL:
            return Refused(PacketDrop.UNKNOWN_CONNECTION)
        if len(packet) < _SMALLEST_INITIAL:
            return Refused(PacketDrop.SMALL_INITIAL)
        if len(header.destination_cid) < _SHORTEST_FIRST_ID:
            return Refused(PacketDrop.MALFORMED)
        if connections >= self._limits.maximum_connections:
            return Refused(PacketDrop.TOO_MANY_CONNECTIONS)
        return self._judge(header, address, configuration, now=now)

    def _judge(
        self, header: QuicHeader, address: Address, configuration: QuicConfiguration, *, now: float
    ) -> Admitted | Refused:
        proven_id = None
        if header.token:
            try:
                proven_id = self._tokens.validate_token(
                    address=address,
                    destination_cid=header.destination_cid,
                    token=header.token,
                    now=now,
                )
            except ValueError:
                # It costs the client its connection: after one Retry it listens to no other
                # (RFC 9000 section 17.2.5.2). Nobody honest has a token that is this old.
                return Refused(PacketDrop.INVALID_TOKEN)
        source = source_of(address)
        match self._handshakes.judge(source, is_proven=proven_id is not None, now=now):
            case Judgement.REFUSE:
                return Refused(PacketDrop.TOO_MANY_HANDSHAKES)
            case Judgement.PROVE_ADDRESS:
                return Refused(
                    PacketDrop.ADDRESS_UNPROVEN, self._retry_packet(header, address, now=now)
                )
            case Judgement.BEGIN:
                quic = QuicConnection(
                    configuration=configuration,
                    original_destination_connection_id=proven_id or header.destination_cid,
                    retry_source_connection_id=header.destination_cid if proven_id else None,
                )
                return Admitted(quic, header.destination_cid, source, proven_id is not None)

    def _retry_packet(self, header: QuicHeader, address: Address, *, now: float) -> bytes:
        assert header.version is not None
        retry_id = os.urandom(CONNECTION_ID_LENGTH)
        token = self._tokens.create_token(
            address=address,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=retry_id,
            now=now,
        )
        return encode_quic_retry(
            version=header.version,
            source_cid=retry_id,
            destination_cid=header.source_cid,
            original_destination_cid=header.destination_cid,
            retry_token=token,
        )


def _refuse_version(
    packet: bytes, header: _LongHeader, configuration: QuicConfiguration
) -> Refused:
    # A small packet is not answered: the answer must not be larger (RFC 9000 section 6.1).
    answer = None
    if len(packet) >= _SMALLEST_INITIAL:
        answer = encode_quic_version_negotiation(
            source_cid=header.destination_id,
            destination_cid=header.source_id,
            supported_versions=configuration.supported_versions,
        )
    return Refused(PacketDrop.UNSUPPORTED_VERSION, answer)
