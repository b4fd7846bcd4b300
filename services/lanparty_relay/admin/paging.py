"""Long lists in pages: oldest first, each page with a link to the next.

A page begins behind a record's serial number, which rises with every room and peer that comes. So
nothing is shown twice or left out that was there all along, whatever comes and goes between two
pages.
"""

from collections.abc import Iterable
from typing import Annotated, Final, Generic, NamedTuple, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from lanparty_relay.admin_link import PeerRecord, RoomRecord

__all__ = ["LONGEST_PAGE", "NextPage", "Page", "PageQuery", "cut_page", "leave_out_null"]

LONGEST_PAGE: Final = 1_000
_USUAL_PAGE: Final = 100

RecordT = TypeVar("RecordT", RoomRecord, PeerRecord)

NextPage = Annotated[
    str | None,
    Field(
        description="Path and query of the next page; null on the last one.",
        examples=["/api/v1/rooms?limit=100&after=2071"],
    ),
]


def leave_out_null(schema: JsonDict) -> None:
    """Take null out of a parameter's schema: it is left out of the query, and never null."""
    kinds = schema.pop("anyOf")
    assert isinstance(kinds, list)
    (kind,) = (kind for kind in kinds if kind != {"type": "null"})
    assert isinstance(kind, dict)
    schema.update(kind)


class PageQuery(BaseModel):
    """Which page of a list; a parameter that isn't known is refused, so that no typo lists all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[
        int, Field(ge=1, le=LONGEST_PAGE, description="Entries of a page, at most.")
    ] = _USUAL_PAGE
    after: Annotated[
        Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None,
        Field(
            json_schema_extra=leave_out_null,
            description="Where the page begins: from the link of the one before. Good as long as "
            "the relay isn't started again.",
        ),
    ] = None


class Page(NamedTuple, Generic[RecordT]):
    """One page of a list."""

    records: list[RecordT]
    next: str | None


def cut_page(request: Request, query: PageQuery, records: Iterable[RecordT]) -> Page[RecordT]:
    """Choose from records, which are in the order of their serial numbers."""
    behind = 0 if query.after is None else int(query.after)
    later = [record for record in records if record.serial > behind]
    shown = later[: query.limit]
    if len(shown) == len(later):
        return Page(shown, None)
    url = request.url.include_query_params(after=shown[-1].serial)
    return Page(shown, f"{url.path}?{url.query}")
