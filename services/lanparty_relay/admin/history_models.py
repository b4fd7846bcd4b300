"""What the API answers about the last quarter of an hour: columns of one length, for plots."""

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GroupHistory", "History", "PeerHistory"]

Rates: TypeAlias = list[Annotated[float, Field(ge=0)]]


class History(BaseModel):
    """Rates over the intervals of the last 15 minutes, oldest first: an item of each list for each
    interval, for plots. Beside each rate, what it is of is as in `counters`.
    """  # noqa: D205  the schema shows it as one paragraph

    model_config = ConfigDict(frozen=True)

    since: Annotated[
        datetime | None,
        Field(
            description="When the first interval began: what was before is not known, because it "
            "is too long ago, or because the admin process or what is asked for has not been "
            "there for so long. Null while there is no interval."
        ),
    ]
    interval_seconds: Annotated[
        float, Field(gt=0, description="How long an interval is meant to be.", examples=[10])
    ]
    times: Annotated[list[datetime], Field(description="When each interval ended.")]
    received_per_second: Annotated[Rates, Field(description="Datagrams received.")]
    received_bytes_per_second: Annotated[Rates, Field(description="Their bytes.")]
    dropped_ingress_per_second: Annotated[
        Rates, Field(description="Datagrams received of which no copy was chosen.")
    ]
    sent_per_second: Annotated[Rates, Field(description="Copies sent.")]
    sent_bytes_per_second: Annotated[Rates, Field(description="Their bytes.")]
    dropped_egress_per_second: Annotated[
        Rates, Field(description="Copies chosen and then dropped.")
    ]


class GroupHistory(History):
    """History of the relay or a room."""

    peers: Annotated[
        list[Annotated[int, Field(ge=0)]],
        Field(description="Endpoints in it at each interval's end."),
    ]


class PeerHistory(History):
    """History of an endpoint."""

    round_trip_seconds: Annotated[
        list[float | None],
        Field(
            description="Smoothed round-trip time at each interval's end, as the relay measures "
            "it; null before it has."
        ),
    ]
