"""What every message of the link has in common."""

from pydantic import BaseModel, ConfigDict

__all__ = ["LinkMessage"]


class LinkMessage(BaseModel):
    """A message, or a part of one; each message has a `type` of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
