"""Which events a reader wants, and for how long."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from lanparty_ctrl.fields import PublicRoomId
from lanparty_relay.admin.paging import leave_out_null
from lanparty_relay.admin_link import Event, EventType

__all__ = ["EventQuery"]

_MOST_EVENTS: Final = 100_000
_LONGEST_SECONDS: Final = 86_400


class EventQuery(BaseModel):
    """A query; a parameter that isn't known is refused, so that no typo tells everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    room: Annotated[
        PublicRoomId | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Only what is about this room, by its public id.",
        ),
    ] = None
    type: Annotated[
        list[EventType],
        Field(description="Only events of these types: `type=peer_joined&type=peer_left`."),
    ] = []
    limit: Annotated[
        Annotated[int, Field(ge=1, le=_MOST_EVENTS)] | None,
        Field(json_schema_extra=leave_out_null, description="End after so many events."),
    ] = None
    timeout: Annotated[
        Annotated[float, Field(ge=0, le=_LONGEST_SECONDS)] | None,
        Field(
            json_schema_extra=leave_out_null,
            description="End after so many seconds; 0 for what is there already.",
        ),
    ] = None

    def wants(self, event: Event) -> bool:
        """Tell whether an event is wanted."""
        if self.type and event.type not in self.type:
            return False
        return self.room is None or getattr(event, "room_id", None) == self.room
