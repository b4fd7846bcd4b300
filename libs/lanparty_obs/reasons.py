"""Why a datagram, a copy of it or a packet was dropped: closed sets, for counters and labels.

Three places drop, and each has its own set, so that counters conserve:

- the *socket*, before a packet belongs to an admitted session (`PacketDrop`),
- the *ingress*: a received overlay datagram of which no copy was chosen (`IngressDrop`),
- the *egress*: a chosen copy that its destination never got (`EgressDrop`).

Beside them: why an accepted connection came to nothing (`HandshakeFailure`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = ["Cast", "EgressDrop", "HandshakeFailure", "IngressDrop", "PacketDrop", "describe"]


class Cast(StrEnum):
    """How the switch chose the destinations of a forwarded datagram."""

    UNICAST = "unicast"
    UNKNOWN_UNICAST = "unknown_unicast"
    MULTICAST = "multicast"
    BROADCAST = "broadcast"


class IngressDrop(StrEnum):
    """Why a received overlay datagram had no copy; the order is that of the forwarding rules."""

    BEFORE_WELCOME = "before_welcome"
    MALFORMED = "malformed"
    RUNT = "runt"
    OVERSIZE = "oversize"
    RESERVED_DESTINATION = "reserved_destination"
    MAC_SPOOF = "mac_spoof"
    LOOP = "loop"
    GUARD = "guard"
    UNKNOWN_UNICAST = "unknown_unicast"
    BACK_TO_INGRESS = "back_to_ingress"
    NO_DESTINATION = "no_destination"


class EgressDrop(StrEnum):
    """Why a chosen copy was not sent to its destination."""

    QUEUE_OVERFLOW = "queue_overflow"
    QUEUE_TIMEOUT = "queue_timeout"
    OVER_BUDGET = "over_budget"
    DESTINATION_LEFT = "destination_left"


class PacketDrop(StrEnum):
    """Why the endpoint dropped a UDP packet that no connection took."""

    MALFORMED = "malformed"
    UNKNOWN_CONNECTION = "unknown_connection"
    UNSUPPORTED_VERSION = "unsupported_version"
    SMALL_INITIAL = "small_initial"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  a QUIC Retry token (RFC 9000 section 8.1.2)
    NOT_ACCEPTING = "not_accepting"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_HANDSHAKES = "too_many_handshakes"
    ADDRESS_UNPROVEN = "address_unproven"
    INGRESS_OVERFLOW = "ingress_overflow"
    UNDECRYPTABLE = "undecryptable"


class HandshakeFailure(StrEnum):
    """Why an accepted connection ended before its handshake was complete."""

    TIMEOUT = "timeout"
    DISPLACED = "displaced"
    OTHER_PROTOCOL = "other_protocol"
    TLS = "tls"
    CLOSED_BY_PEER = "closed_by_peer"
    TRANSPORT = "transport"


# One table for each set: members of different sets that are spelled alike are equal.
_INGRESS: Final[Mapping[IngressDrop, str]] = {
    IngressDrop.BEFORE_WELCOME: "Its sender was not admitted to a room yet, or had gone already.",
    IngressDrop.MALFORMED: "Its overlay header, or the fragment behind it, breaks the format.",
    IngressDrop.RUNT: "It is too short for an Ethernet frame.",
    IngressDrop.OVERSIZE: "Its frame is larger than the room's MTU allows.",
    IngressDrop.RESERVED_DESTINATION: "It is for an address that no bridge forwards.",
    IngressDrop.MAC_SPOOF: "Its source address is not its sender's.",
    IngressDrop.LOOP: "The gateway sent back a frame of one of the room's own clients.",
    IngressDrop.GUARD: "A guard of the room stopped it.",
    IngressDrop.UNKNOWN_UNICAST: "Nobody in the room has its destination address.",
    IngressDrop.BACK_TO_INGRESS: "Its destination is where it came from.",
    IngressDrop.NO_DESTINATION: "It is for everybody else in the room, and there is nobody else.",
}
_EGRESS: Final[Mapping[EgressDrop, str]] = {
    EgressDrop.QUEUE_OVERFLOW: "Too much was waiting for the destination already.",
    EgressDrop.QUEUE_TIMEOUT: "It waited too long for the destination's connection.",
    EgressDrop.OVER_BUDGET: "It is larger than the destination's connection can carry.",
    EgressDrop.DESTINATION_LEFT: "The destination left before it could be sent.",
}
_PACKET: Final[Mapping[PacketDrop, str]] = {
    PacketDrop.MALFORMED: "It is no QUIC packet.",
    PacketDrop.UNKNOWN_CONNECTION: "It belongs to no connection that is open.",
    PacketDrop.UNSUPPORTED_VERSION: "It asks for a QUIC version that is not spoken here.",
    PacketDrop.SMALL_INITIAL: "It opens a connection in a packet smaller than QUIC demands.",
    PacketDrop.INVALID_TOKEN: "Its address token is wrong or too old.",
    PacketDrop.NOT_ACCEPTING: "It opens a connection, and no new ones are taken.",
    PacketDrop.TOO_MANY_CONNECTIONS: "It opens a connection beyond the limit.",
    PacketDrop.TOO_MANY_HANDSHAKES: "Too many connections were being opened already.",
    PacketDrop.ADDRESS_UNPROVEN: "Its sender was asked to prove its address first (QUIC Retry).",
    PacketDrop.INGRESS_OVERFLOW: "Too much of its connection was waiting to be taken in already.",
    PacketDrop.UNDECRYPTABLE: "Its connection can't decrypt it, or has had it before.",
}
_HANDSHAKE: Final[Mapping[HandshakeFailure, str]] = {
    HandshakeFailure.TIMEOUT: "Its client went silent; its address may be forged.",
    HandshakeFailure.DISPLACED: "It had waited longest when there was no room for another.",
    HandshakeFailure.OTHER_PROTOCOL: "Its client speaks no version of softlan's protocol.",
    HandshakeFailure.TLS: "TLS found no agreement, or what its client said was broken.",
    HandshakeFailure.CLOSED_BY_PEER: "Its client broke off: it may not trust the relay's key.",
    HandshakeFailure.TRANSPORT: "Its client broke QUIC's rules.",
}


def describe(reason: IngressDrop | EgressDrop | PacketDrop | HandshakeFailure) -> str:
    """Say in a sentence why something was dropped or failed.

    "It" is the frame, the copy, the packet or the connection.
    """
    match reason:
        case IngressDrop():
            return _INGRESS[reason]
        case EgressDrop():
            return _EGRESS[reason]
        case PacketDrop():
            return _PACKET[reason]
        case HandshakeFailure():
            return _HANDSHAKE[reason]
