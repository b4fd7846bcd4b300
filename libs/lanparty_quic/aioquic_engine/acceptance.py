"""What happens to a packet of nobody that is known: a new connection, an answer, or nothing.

Nothing is kept for a packet that is refused or answered, so a flood of them costs no memory.
"""

import os
from dataclasses import dataclass
from typing import Final

from aioquic._buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import (
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from aioquic.quic.retry import QuicRetryTokenHandler

from lanparty_obs.reasons import PacketDrop
from lanparty_quic.aioquic_engine.configuration import CONNECTION_ID_LENGTH, server_configuration
from lanparty_quic.endpoint import Address
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits

__all__ = ["Acceptance", "Admitted", "Refused", "destination_id"]

_SMALLEST_INITIAL: Final = 1200
"""A shorter datagram with an Initial is dropped (RFC 9000 section 14.1)."""

_LONG_HEADER: Final = 0x80
_LONGEST_ID: Final = 20


@dataclass(frozen=True, slots=True)
class Admitted:
    """A connection begins; the packet that opened it is still to be fed to it."""

    quic: QuicConnection
    first_id: bytes
    """The destination id that the client goes on using until it hears the server's."""


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


class Acceptance:
    """Decides about newcomers by the listener's identity and limits."""

    def __init__(
        self, identity: ServerIdentity | None, *, limits: EndpointLimits, retry: bool
    ) -> None:
        """With `retry` every client proves its address first (RFC 9000 section 8.1.2)."""
        self._configuration: QuicConfiguration | None = None
        self._limits = limits
        if identity is not None:
            self.renew_identity(identity)
        self._retry = retry
        self._tokens = QuicRetryTokenHandler()

    def renew_identity(self, identity: ServerIdentity) -> None:
        """Show newcomers this identity from now on."""
        self._configuration = server_configuration(identity, self._limits)

    def examine(
        self, packet: bytes, source: Address, *, connections: int, handshakes: int, now: float
    ) -> Admitted | Refused:
        """Judge a packet. `handshakes` are the accepted connections that are not complete."""
        if self._configuration is None:
            return Refused(PacketDrop.NOT_ACCEPTING)
        try:
            header = pull_quic_header(Buffer(data=packet), host_cid_length=CONNECTION_ID_LENGTH)
        except ValueError:
            return Refused(PacketDrop.MALFORMED)
        if header.packet_type is QuicPacketType.VERSION_NEGOTIATION:
            # Answering it with another would let two servers be set at each other.
            return Refused(PacketDrop.UNKNOWN_CONNECTION)
        if header.version not in self._configuration.supported_versions:
            return self._refuse_version(packet, header, self._configuration)
        if header.packet_type is not QuicPacketType.INITIAL:
            return Refused(PacketDrop.UNKNOWN_CONNECTION)
        if len(packet) < _SMALLEST_INITIAL:
            return Refused(PacketDrop.SMALL_INITIAL)
        if connections >= self._limits.maximum_connections:
            return Refused(PacketDrop.TOO_MANY_CONNECTIONS)
        if header.token or self._retry or handshakes >= self._limits.handshakes_without_retry:
            return self._admit_with_token(header, source, self._configuration, now=now)
        return _admit(self._configuration, header, original_id=header.destination_cid)

    def _refuse_version(
        self, packet: bytes, header: QuicHeader, configuration: QuicConfiguration
    ) -> Refused:
        # A small packet is not answered: the answer must not be larger (RFC 9000 section 6.1).
        answer = None
        if len(packet) >= _SMALLEST_INITIAL:
            answer = encode_quic_version_negotiation(
                source_cid=header.destination_cid,
                destination_cid=header.source_cid,
                supported_versions=configuration.supported_versions,
            )
        return Refused(PacketDrop.UNSUPPORTED_VERSION, answer)

    def _admit_with_token(
        self, header: QuicHeader, source: Address, configuration: QuicConfiguration, *, now: float
    ) -> Admitted | Refused:
        if not header.token:
            return Refused(PacketDrop.INVALID_TOKEN, self._retry_packet(header, source, now=now))
        try:
            original_id = self._tokens.validate_token(
                address=source, destination_cid=header.destination_cid, token=header.token, now=now
            )
        except ValueError:
            return Refused(PacketDrop.INVALID_TOKEN)
        return _admit(
            configuration, header, original_id=original_id, retry_id=header.destination_cid
        )

    def _retry_packet(self, header: QuicHeader, source: Address, *, now: float) -> bytes:
        assert header.version is not None
        retry_id = os.urandom(CONNECTION_ID_LENGTH)
        token = self._tokens.create_token(
            address=source,
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


def _admit(
    configuration: QuicConfiguration,
    header: QuicHeader,
    *,
    original_id: bytes,
    retry_id: bytes | None = None,
) -> Admitted:
    quic = QuicConnection(
        configuration=configuration,
        original_destination_connection_id=original_id,
        retry_source_connection_id=retry_id,
    )
    return Admitted(quic, header.destination_cid)
