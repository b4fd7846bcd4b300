"""What the API answers, as models: their fields and descriptions are the schema's."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from lanparty_ctrl import Role
from lanparty_ctrl.fields import PublicRoomId
from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import Cast, EgressDrop, HandshakeFailure, IngressDrop, PacketDrop
from lanparty_relay.core import SessionFault
from lanparty_relay.memory_budget import MemoryPart

__all__ = [
    "AdminHalf",
    "Counters",
    "Health",
    "Limits",
    "Packets",
    "Peer",
    "ReadinessAnswer",
    "Relay",
    "Reported",
    "Room",
    "RoomSummary",
    "Sessions",
    "SnapshotInfo",
]

Count = Annotated[int, Field(ge=0)]


class _Answer(BaseModel):
    # A dataclass of counters has the fields of its model.
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Counters(_Answer):
    """Overlay datagrams. `received` is what came from endpoints, `sent` what went to them.

    They conserve: received = sum(forwarded) + sum(dropped_ingress), and
    chosen = sent + sum(dropped_egress) + queued. A copy that had to be cut counts once; its pieces
    count apart: sent - cut + pieces datagrams have left.
    """

    received: Annotated[Count, Field(description="Datagrams received.")]
    received_bytes: Annotated[Count, Field(description="Their bytes, overlay header included.")]
    forwarded: Annotated[
        dict[Cast, Count],
        Field(description="Datagrams received of which a copy was chosen, by cast."),
    ]
    dropped_ingress: Annotated[
        dict[IngressDrop, Count],
        Field(description="Datagrams received of which none was, by reason."),
    ]
    chosen: Annotated[Count, Field(description="Copies chosen for this destination.")]
    sent: Annotated[Count, Field(description="Copies sent.")]
    sent_bytes: Annotated[Count, Field(description="Their bytes, overlay header included.")]
    dropped_egress: Annotated[
        dict[EgressDrop, Count], Field(description="Copies dropped, by reason.")
    ]
    queued: Annotated[Count, Field(description="Copies that wait now.")]
    cut: Annotated[
        Count,
        Field(description="Copies sent that left in pieces: the way to their peer is narrow."),
    ]
    pieces: Annotated[
        Count,
        Field(description="Pieces sent of copies that had been cut, dropped ones included."),
    ]


class RoomSummary(_Answer):
    """A room."""

    room_id: Annotated[PublicRoomId, Field(description="Public id.", examples=["9f86d081884c"])]
    mtu: Annotated[int, Field(description="Effective MTU of the segment.", examples=[1500])]
    network: Annotated[
        str,
        Field(
            description="IPv4 network of the addresses that are leased to its players. Another "
            "one when this is in the way of a player's own network.",
            examples=["10.171.5.0/24"],
        ),
    ]
    lasting: Annotated[
        bool, Field(description="Whether it was made ahead, and so stays without players.")
    ]
    peers_limit: Annotated[int, Field(ge=1, description="Most endpoints that it takes.")]
    opened_at: Annotated[datetime, Field(description="When it was made.")]
    expires_at: Annotated[
        datetime | None, Field(description="When it is closed by itself; null for never.")
    ]
    age_seconds: Annotated[float, Field(ge=0, description="How long ago that was.")]
    peers: Annotated[Count, Field(description="Endpoints in it, a gateway included.")]
    gateway: Annotated[bool, Field(description="Whether it has a gateway.")]
    standby_gateways: Annotated[
        Count, Field(description="Gateways that wait for the place of that one; no peers yet.")
    ]
    counters: Annotated[Counters, Field(description="Of its peers and of those that have left it.")]


class Room(RoomSummary):
    """A room with its code."""

    code: Annotated[
        str,
        Field(
            description="The room's code: whoever knows it can join. It stands nowhere else.",
            examples=["7XJ2M-9QDPA-K"],
        ),
    ]


class Reported(_Answer):
    """What an endpoint says of itself. It may be wrong, and no other number contains it."""

    age_seconds: Annotated[float, Field(ge=0, description="How long ago it said so.")]
    round_trip_seconds: Annotated[
        float | None, Field(description="Round-trip time to the relay, as it measures it.")
    ]
    counters: Annotated[Counters, Field(description="What it counted; directions are the relay's.")]


class Peer(_Answer):
    """An endpoint in a room."""

    room_id: Annotated[PublicRoomId, Field(description="Its room.", examples=["9f86d081884c"])]
    peer_id: Annotated[int, Field(ge=1, le=65_535, description="Its id there.", examples=[1])]
    role: Annotated[Role, Field(description="A player is a `client`.")]
    mac: Annotated[
        str | None,
        Field(description="A client's MAC address.", examples=["02:00:5e:10:00:01"]),
    ]
    name: Annotated[str, Field(description="Display name, chosen by itself.", examples=["Ada"])]
    address: Annotated[
        str, Field(description="Where its packets come from.", examples=["198.51.100.7:50123"])
    ]
    lease: Annotated[
        str | None,
        Field(
            description="IPv4 address in the room that is leased to it; null for a gateway.",
            examples=["10.171.5.34"],
        ),
    ]
    joined_at: Annotated[datetime, Field(description="When it was admitted.")]
    age_seconds: Annotated[float, Field(ge=0, description="How long ago that was.")]
    round_trip_seconds: Annotated[
        float | None,
        Field(description="Smoothed round-trip time, as the relay measures it; null until it has."),
    ]
    counters: Annotated[Counters, Field(description="What the relay counted for it.")]
    reported: Annotated[
        Reported | None, Field(description="Its own claims; null until it made some.")
    ]


class Limits(_Answer):
    """What the relay allows."""

    rooms: int
    peers: Annotated[int, Field(description="In all rooms together.")]
    peers_per_room: int
    joins_per_minute: Annotated[
        int | None, Field(description="From one IPv4 address or IPv6 /64; null for no limit.")
    ]
    hello_timeout_seconds: float
    idle_timeout_seconds: float
    room_mtu: Annotated[int, Field(description="Of new rooms.")]


class MemoryShare(_Answer):
    """What one part of the relay's process takes."""

    most_bytes: Annotated[Count, Field(description="By the settings.")]
    used_bytes: Annotated[Count, Field(description="Now, reckoned like `most_bytes`.")]


class Memory(_Answer):
    """Memory of the forwarding process. The admin process has its own, 60 to 100 MB."""

    most_bytes: Annotated[Count, Field(description="Sum of the parts: what the settings allow.")]
    used_bytes: Annotated[Count, Field(description="Sum of the parts now.")]
    resident_bytes: Annotated[
        Count | None,
        Field(description="What the system says that the process has; null where it doesn't."),
    ]
    parts: Annotated[
        dict[MemoryPart, MemoryShare],
        Field(
            description="base: interpreter and code; counters: shared with the admin process; "
            "connections; rooms: with members and leases; ingress: packets to be taken in; egress: "
            "copies to be sent; in_flight: packets without an acknowledgement; control: messages "
            "not read or not complete."
        ),
    ]


class Packets(_Answer):
    """UDP packets of the relay's socket."""

    received: Count
    routed: Annotated[Count, Field(description="Received and taken by a connection.")]
    sent: Count
    dropped: Annotated[
        dict[PacketDrop, Count], Field(description="Taken by no connection, by reason.")
    ]
    socket_overflows: Annotated[
        Count, Field(description="Dropped by the kernel because the socket's buffer was full.")
    ]


class Handshakes(_Answer):
    """QUIC handshakes of newcomers. `sessions` tells what became of those that completed."""

    pending: Annotated[Count, Field(description="Not complete now.")]
    unproven: Annotated[
        Count, Field(description="Of these, whose senders have not proven their address.")
    ]
    completed: Count
    failed: Annotated[
        dict[HandshakeFailure, Count], Field(description="Came to nothing, by reason.")
    ]
    retry: Annotated[
        bool,
        Field(
            description="Whether newcomers have to prove their address first (QUIC Retry), which "
            "switches itself on under load."
        ),
    ]


class Sessions(_Answer):
    """What became of the connections that completed a handshake."""

    handshakes: Count
    admitted: Count
    resumed: Annotated[Count, Field(description="Admitted to their own earlier session's place.")]
    abandoned: Annotated[Count, Field(description="Gone before a decision.")]
    rejected: Annotated[dict[SessionEnd, Count], Field(description="Not admitted, by code.")]
    ended: Annotated[dict[SessionEnd, Count], Field(description="Admitted and gone, by code.")]
    faults: Annotated[
        dict[SessionFault, Count], Field(description="Breaches of the protocol, by kind.")
    ]


class AdminHalf(_Answer):
    """The process that answers this."""

    restarts: Annotated[Count, Field(description="How often the relay started it again.")]


class SnapshotInfo(_Answer):
    """Where the counters come from."""

    generation: Annotated[Count, Field(description="Rises by 2 with each batch of the relay.")]
    exact: Annotated[
        bool,
        Field(
            description="Whether all counters are of one moment between two batches. False only "
            "if the relay was counting each time that it was looked at."
        ),
    ]


class Relay(_Answer):
    """The relay and its totals."""

    version: Annotated[str, Field(description="Of softlan.", examples=["0.1.0"])]
    listen: Annotated[
        str, Field(description="UDP address that serves players.", examples=["[::]:443"])
    ]
    pin: Annotated[str, Field(description="What players compare with the relay's key.")]
    started_at: datetime
    uptime_seconds: Annotated[float, Field(ge=0)]
    heartbeat_age_seconds: Annotated[
        float, Field(ge=0, description="Since the forwarding half last said that it runs.")
    ]
    limits: Limits
    rooms: Count
    peers: Count
    connections: Annotated[Count, Field(description="QUIC connections, handshakes included.")]
    leases: Annotated[
        Count, Field(description="Addresses leased, those that are kept for absent players too.")
    ]
    counters: Annotated[Counters, Field(description="Of all rooms, also those that went.")]
    packets: Packets
    memory: Memory
    handshakes: Handshakes
    sessions: Sessions
    admin: AdminHalf
    snapshot: SnapshotInfo


class Health(_Answer):
    """The admin process answers."""

    status: Literal["ok"] = "ok"


class ReadinessAnswer(_Answer):
    """Both halves are in order."""

    status: Literal["ready"] = "ready"
    relay: Literal["up"] = "up"
    admin: Literal["up"] = "up"
