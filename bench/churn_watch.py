"""Looks at a relay from outside while its rooms change: counters, memory, and what is left."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydantic import TypeAdapter

from lanparty_ctrl.fields import Counters
from lanparty_obs.counters import TunnelCounters
from lanparty_sim.conservation import imbalance
from lanparty_sim.relay_process import RelayProcess

__all__ = ["RelayWatch", "RelayWeight", "own_weight"]

_LOOK_SECONDS: Final = 0.5
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_COUNTERS: Final[TypeAdapter[TunnelCounters]] = TypeAdapter(Counters)
_SERIES: Final = re.compile(r"^softlan_(?:room|peer)_\w+\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RelayWeight:
    """What the relay's forwarding process holds."""

    descriptors: int
    resident: int
    """Bytes."""


def own_weight() -> int:
    """Count the descriptors and tasks of this process."""
    return len(os.listdir("/proc/self/fd")) + len(asyncio.all_tasks())


class RelayWatch:
    """An asynchronous context manager: asks the admin API, and the system, about one relay."""

    def __init__(self, relay: RelayProcess) -> None:
        self.looks = 0
        self.unanswered = 0
        """Looks that came to nothing, because the admin process was starved or started again."""
        self.resident_peak = 0
        self.wrong: list[str] = []
        self._process: Final = Path(f"/proc/{relay.process_id}")
        self._client: Final = httpx.AsyncClient(
            base_url=relay.admin_url,
            headers={"Authorization": f"Bearer {relay.token_file.read_text().strip()}"},
            trust_env=False,
            timeout=30,
            limits=httpx.Limits(max_connections=1),  # this process counts its descriptors
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    def weigh(self) -> RelayWeight:
        """Ask the system."""
        return RelayWeight(
            descriptors=len(os.listdir(self._process / "fd")),
            resident=int((self._process / "statm").read_text().split()[1]) * _PAGE,
        )

    async def weigh_at_rest(self, before: RelayWeight, seconds: float) -> RelayWeight:
        """Ask the system, until there are no more descriptors than before or the time is over.

        A file with leases that is being written has one, for a moment.
        """
        for _ in range(round(seconds / _LOOK_SECONDS)):
            if self.weigh().descriptors <= before.descriptors:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return self.weigh()

    async def watch(self) -> None:
        """Look at all counters now and then, until it is cancelled."""
        while True:
            try:
                await self.look()
            except httpx.HTTPError:
                self.unanswered += 1
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """See that the counters of the relay and of each room conserve."""
        self.resident_peak = max(self.resident_peak, self.weigh().resident)
        self._check("the relay", await self._ask("/api/v1/relay"))
        for room in (await self._ask("/api/v1/rooms?limit=1000"))["rooms"]:
            self._check(f"room {room['room_id']}", room)
        self.looks += 1

    async def until_empty(self, seconds: float) -> None:
        """Wait until rooms, peers, connections and their series have gone."""
        left = "nothing was looked at"
        try:
            async with asyncio.timeout(seconds):
                while left:
                    await asyncio.sleep(_LOOK_SECONDS)
                    try:
                        left = await self._what_is_left()
                    except httpx.HTTPError as error:
                        left = f"no answers of the API: {error!r}"
        except TimeoutError:
            self.wrong.append(f"after {seconds:g} s there are still {left}")

    async def _what_is_left(self) -> str:
        relay = await self._ask("/api/v1/relay")
        counts = {name: relay[name] for name in ("rooms", "peers", "connections")}
        counts["queued copies"] = relay["counters"]["queued"]
        page = await self._client.get("/metrics")
        counts["series"] = len(_SERIES.findall(page.raise_for_status().text))
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)

    def _check(self, what: str, document: dict[str, Any]) -> None:  # Any: JSON
        if wrong := imbalance(_COUNTERS.validate_python(document["counters"])):
            self.wrong.append(f"{what}: {wrong}")

    async def _ask(self, path: str) -> dict[str, Any]:  # Any: JSON
        answer = await self._client.get(path)
        document: dict[str, Any] = answer.raise_for_status().json()
        return document
