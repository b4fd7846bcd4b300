"""Genuine first packets of QUIC clients, as many as are wanted, none of which is followed up."""

from typing import Final

from aioquic._buffer import Buffer
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import pull_quic_header

from lanparty_quic import PinnedKey
from lanparty_quic.aioquic_engine import AioquicEndpoint

__all__ = ["FirstPackets"]

_FIRST_PACKET: Final = 1200
_VERSION: Final = 1
_TAG: Final = 16


class FirstPackets:
    """Makes genuine first packets, which differ in the destination id that keys them."""

    def __init__(self) -> None:
        client = AioquicEndpoint(("127.0.0.1", 1))
        client.dial(("127.0.0.1", 2), server_name="", trust=PinnedKey(""), now=0.0)
        client.flush(now=0.0)
        ((packet, _),) = client.packets_to_send()
        header = pull_quic_header(Buffer(data=packet), host_cid_length=8)
        self._source_id = header.source_cid
        self._frames = self._decrypted(packet[: header.packet_length], header.destination_cid)

    def make(self, destination_id: bytes, token: bytes = b"") -> bytes:
        """Encrypt the client's greeting for a destination id (RFC 9001 section 5.2)."""
        crypto = CryptoPair()
        crypto.setup_initial(cid=destination_id, is_client=True, version=_VERSION)
        header = b"\xc1" + _VERSION.to_bytes(4)
        header += bytes([len(destination_id)]) + destination_id
        header += bytes([len(self._source_id)]) + self._source_id
        header += (len(token) | 0x4000).to_bytes(2) + token if token else b"\0"
        frames = self._frames.ljust(_FIRST_PACKET - len(header) - 4 - _TAG, b"\0")
        length = 2 + len(frames) + _TAG
        header += (length | 0x4000).to_bytes(2) + b"\0\0"
        return crypto.encrypt_packet(header, frames, 0)

    def _decrypted(self, packet: bytes, destination_id: bytes) -> bytes:
        crypto = CryptoPair()
        crypto.setup_initial(cid=destination_id, is_client=False, version=_VERSION)
        # No token: its length is one byte, and two are that of the rest.
        number_at = 7 + len(destination_id) + len(self._source_id) + 1 + 2
        _, frames, _ = crypto.decrypt_packet(packet, number_at, 0)
        return bytes(frames.rstrip(b"\0"))
