"""What a frame log's stream carries, as models: fields and descriptions are the schema's."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, RootModel

from lanparty_obs.frame_log import FrameDirection
from lanparty_obs.reasons import Cast, IngressDrop
from lanparty_relay.core import FRAMES_PER_SECOND_CEILING

__all__ = ["FrameLogEvent", "FrameLogOver", "FrameLogQuery", "LogEnd", "LoggedFrame"]

_LONGEST_SECONDS: Final = 60
"""Of one log: it is for looking, not for recording."""

PeerNumber = Annotated[int, Field(ge=1, le=65_535)]
MacText = Annotated[str, Field(pattern="^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
Port = Annotated[int, Field(ge=0, le=65_535)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class FrameLogQuery(BaseModel):
    """How long a log is; a parameter that isn't known is refused, as in lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[
        float, Field(ge=0.1, le=_LONGEST_SECONDS, description="How long the log goes on.")
    ] = 10
    rate: Annotated[
        int,
        Field(
            ge=1,
            le=FRAMES_PER_SECOND_CEILING,
            description="Most datagrams a second; what is above it is counted and not shown.",
        ),
    ] = 20
    limit: Annotated[
        int,
        Field(ge=1, le=_LONGEST_SECONDS * FRAMES_PER_SECOND_CEILING, description="Most in all."),
    ] = 1000


class LoggedFrame(_Answer):
    """Data of an event `frame`: header fields of a datagram, a frame or a piece of one.

    A field that there isn't, or that couldn't be read, is left out. What a frame carries is never
    shown.
    """

    at: Annotated[datetime, Field(description="When the relay judged it.")]
    direction: Annotated[
        FrameDirection, Field(description="As the peer sees it; in a room's log always from it.")
    ]
    peer_id: Annotated[PeerNumber, Field(description="Who sent it.", examples=[1])]
    cast: Annotated[
        Cast | None,
        Field(description="How its destinations were chosen, if it was forwarded."),
    ] = None
    dropped: Annotated[
        IngressDrop | None, Field(description="Why it was not forwarded, if it wasn't.")
    ] = None
    destinations: Annotated[
        int,
        Field(ge=0, description="Copies chosen. What became of them is in their peers' counters."),
    ]
    length: Annotated[
        int,
        Field(ge=0, description="Bytes, Ethernet header included.", examples=[42]),
    ]
    piece_offset: Annotated[
        int | None,
        Field(ge=0, description="Where in its frame's payload a piece begins; none if whole."),
    ] = None
    destination_mac: MacText | None = None
    source_mac: MacText | None = None
    ethertype: Annotated[
        str | None,
        Field(
            pattern="^0x[0-9a-f]{4}$",
            description="Behind VLAN tags; up to 0x05dc it is a length (IEEE 802.3).",
            examples=["0x0806"],
        ),
    ] = None
    vlan: Annotated[int | None, Field(ge=0, le=4095, description="Of the outer tag.")] = None
    source_address: Annotated[
        str | None, Field(description="IP address; of ARP, the sender's.", examples=["10.9.8.7"])
    ] = None
    destination_address: Annotated[
        str | None, Field(description="IP address; of ARP, the one that it is about.")
    ] = None
    protocol: Annotated[
        int | None,
        Field(ge=0, le=255, description="IP protocol: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6."),
    ] = None
    source_port: Port | None = None
    destination_port: Port | None = None
    arp: Annotated[str | None, Field(description="`request` or `reply`.")] = None
    passed_over: Annotated[
        int, Field(ge=0, description="Datagrams since the event before that are not shown.")
    ]


class LogEnd(StrEnum):
    """Why a frame log ended."""

    TIME = "time"
    LIMIT = "limit"
    ROOM_CLOSED = "room_closed"
    PEER_LEFT = "peer_left"
    NOT_READ = "not_read"
    RELAY_NOT_ANSWERING = "relay_not_answering"


class FrameLogOver(_Answer):
    """Data of the last event, `end`."""

    reason: Annotated[
        LogEnd,
        Field(
            description="`time` and `limit` are those that were asked for; `not_read`: nobody took "
            "the events for some seconds."
        ),
    ]
    shown: Annotated[int, Field(ge=0, description="Events `frame` before this one.")]
    passed_over: Annotated[
        int, Field(ge=0, description="Datagrams of the whole log that were not shown.")
    ]


class FrameLogEvent(RootModel[LoggedFrame | FrameLogOver]):
    """Data of an event of a frame log."""
