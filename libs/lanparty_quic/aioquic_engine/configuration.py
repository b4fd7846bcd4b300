"""What both sides of a connection offer: aioquic's configurations, made from softlan's values."""

import ssl
from typing import Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion

from lanparty_quic.aioquic_engine.congestion import CONGESTION_CONTROL
from lanparty_quic.endpoint import PinnedKey, Trust
from lanparty_quic.identity import ServerIdentity
from lanparty_quic.limits import EndpointLimits

__all__ = ["ALPN", "CONNECTION_ID_LENGTH", "client_configuration", "server_configuration"]

ALPN: Final = "lanparty/1"
CONNECTION_ID_LENGTH: Final = 8

_LARGEST_FRAME: Final = 65_535
"""DATAGRAM frame size that is taken in: whatever a packet can hold (RFC 9221 section 3)."""


def server_configuration(identity: ServerIdentity, limits: EndpointLimits) -> QuicConfiguration:
    """Configure all accepted connections."""
    configuration = _configuration(limits, is_client=False)
    configuration.certificate = identity.certificate
    configuration.certificate_chain = list(identity.chain)
    configuration.private_key = identity.key
    return configuration


def client_configuration(
    limits: EndpointLimits, *, server_name: str, trust: Trust
) -> QuicConfiguration:
    """Configure one dialed connection.

    For a pinned key aioquic checks no authority, name or date; that the listener owns the key of
    the certificate it shows, it checks always. The connection compares the pin.
    """
    configuration = _configuration(limits, is_client=True)
    configuration.server_name = server_name or None
    if isinstance(trust, PinnedKey):
        configuration.verify_mode = ssl.CERT_NONE
    elif trust.certificates is not None:
        configuration.load_verify_locations(cadata=trust.certificates.encode())
    else:
        system = ssl.get_default_verify_paths()
        configuration.load_verify_locations(cafile=system.cafile, capath=system.capath)
    return configuration


def _configuration(limits: EndpointLimits, *, is_client: bool) -> QuicConfiguration:
    return QuicConfiguration(
        alpn_protocols=[ALPN],
        congestion_control_algorithm=CONGESTION_CONTROL,
        connection_id_length=CONNECTION_ID_LENGTH,
        idle_timeout=limits.idle_timeout,
        is_client=is_client,
        max_data=limits.stream_window,
        max_datagram_frame_size=_LARGEST_FRAME,
        max_datagram_size=limits.packet_size,
        max_stream_data=limits.stream_window,
        supported_versions=[QuicProtocolVersion.VERSION_1],
    )
