"""The preflight of a running gateway: before the first frame, and again once the room is known."""

from collections.abc import Sequence
from random import Random

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.bridge import DhcpPolicy
from lanparty_gateway.preflight import Examination, RoomDhcpStation, examine, judge_in_room
from lanparty_gateway.wish import GatewayWish
from lanparty_proto import MacAddress

__all__ = ["Examining"]


class Examining:
    """Looks at the LAN once, and at the room once it is there."""

    def __init__(
        self, wish: GatewayWish, *, random: Random, mac: MacAddress, transaction: int
    ) -> None:
        """`mac` is a random local address, `transaction` 32 random bits, both for DHCP."""
        self._wish = wish
        self._random = random
        self.station = RoomDhcpStation(mac, transaction=transaction)
        self._found: Examination | None = None
        self._untold: list[CheckResult] = []
        self._room_mtu: int | None = None
        self._complete = False
        self._results: list[CheckResult] = []

    @property
    def is_over(self) -> bool:
        """The LAN has been looked at."""
        return self._found is not None

    @property
    def is_complete(self) -> bool:
        """The room's DHCP servers have been looked for, too."""
        return self._complete

    @property
    def results(self) -> Sequence[CheckResult]:
        """Every check's latest result, in their order; empty before the LAN has been looked at."""
        return self._results

    @property
    def warnings(self) -> list[CheckResult]:
        """What is worth knowing, or was forced."""
        told = (Outcome.WARNING, Outcome.FAILED)
        return [result for result in self._results if result.outcome in told]

    async def look(self) -> None:
        """Look at the LAN; some seconds."""
        self.handle_examined(await examine(self._wish.preflight, random=self._random))

    def handle_examined(self, found: Examination) -> None:
        """Note what was found on the LAN."""
        self._results = list(found.results)
        self._untold += self._results
        self._found = found

    def judge_room(self, mtu: int) -> Sequence[CheckResult]:
        """Judge what depends on the room's MTU, in bytes; return what is new."""
        self._room_mtu = mtu
        return self._judge_room()

    def take_findings(self) -> Sequence[CheckResult]:
        """Return what hasn't been returned yet."""
        if self.station.is_over and not self._complete:
            self._complete = True
            self._untold += self._judge_room()
        untold, self._untold = self._untold, []
        return untold

    def _judge_room(self) -> list[CheckResult]:
        if self._found is None or self._room_mtu is None:
            return []
        judged = judge_in_room(
            self._found,
            room_mtu=self._room_mtu,
            room_servers=self.station.servers,
            dhcp_crosses=self._wish.dhcp is DhcpPolicy.LAN_TO_ROOM,
        )
        known = {result.check: result for result in self._results}
        new = [result for result in judged if known.get(result.check) != result]
        again = {result.check: result for result in judged}
        self._results = [again.get(result.check, result) for result in self._results]
        return [result for result in new if result.outcome in (Outcome.WARNING, Outcome.FAILED)]
