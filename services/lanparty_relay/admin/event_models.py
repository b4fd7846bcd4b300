"""What the data of an event is, in the API's schema."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from lanparty_relay.admin_link import Event

__all__ = ["MISSED", "EventData", "MissedEvent"]

MISSED: Literal["missed"] = "missed"


class MissedEvent(BaseModel):
    """The reader has missed events: it read too slowly, or was away for too long."""

    model_config = ConfigDict(frozen=True)

    at: Annotated[datetime, Field(description="When that was noticed.")]
    type: Literal["missed"] = MISSED
    count: Annotated[
        int | None,
        Field(
            ge=1,
            description="How many, of whatever type and room; null if nobody knows, because the "
            "relay was started again since.",
        ),
    ]


class EventData(RootModel[Annotated[Event | MissedEvent, Field(discriminator="type")]]):
    """The data of an event; its `type` is the event's name."""
