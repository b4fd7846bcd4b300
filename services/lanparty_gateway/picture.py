"""A gateway at this moment, as values for status, diagnostics and report."""

import asyncio
from dataclasses import asdict, fields
from typing import Final

from lanparty_command import softlan_version
from lanparty_ctrl import Role
from lanparty_endpoint.picture import SessionPicture
from lanparty_endpoint.status import Identity, client_diagnostics, client_status
from lanparty_gateway.bridge import WayCounters
from lanparty_gateway.bridge.lan_table import TABLE_LIMIT
from lanparty_gateway.membership import GatewayMembership
from lanparty_obs.diagnostics import (
    ClientDiagnostics,
    ClientStatus,
    ForwardingStatus,
    GatewayStatus,
    LanStatus,
    WayStatus,
)

__all__ = ["GatewayPicture"]

_KERNEL_DROPS: Final = "kernel_drops"
_REFUSED_WRITES: Final = "refused_writes"


class GatewayPicture(SessionPicture[GatewayMembership]):
    """What a running gateway tells of itself; see `lanparty_endpoint.handlers.Answering`."""

    def status(self) -> GatewayStatus:
        """Look where it stands."""
        membership = self.membership
        counted = membership.lan.bridge.counters()
        shared = client_status(
            self._identity(),
            membership.session,
            addresses=tuple(map(str, membership.own_addresses)),
            notices=membership.notices,
            seen=membership.seen.addresses,
        )
        return GatewayStatus(
            **{each.name: getattr(shared, each.name) for each in fields(ClientStatus)},
            forwarding=self._forwarding(),
            lan=self._lan(),
            lan_to_room=_way(counted.lan_to_room),
            room_to_lan=_way(counted.room_to_lan),
            checks=tuple(result.to_dict() for result in membership.examining.results),
        )

    def diagnostics(self) -> ClientDiagnostics:
        """Look at what lies under its status, too."""
        counted = self.membership.lan.interface.counters()
        return client_diagnostics(
            self._identity(),
            self.status(),
            self.membership.session,
            port_drops={
                _KERNEL_DROPS: counted.kernel_drops,
                _REFUSED_WRITES: counted.refused_writes,
            },
        )

    @property
    def left_sentence(self) -> str:
        """What is said when it has left."""
        return f"Left the room; {self.interface} isn't listened to any more."

    def _forwarding(self) -> ForwardingStatus:
        bridge, now = self.membership.lan.bridge, asyncio.get_running_loop().time()
        state, counted = bridge.state, bridge.counters()
        return ForwardingStatus(
            phase=state.phase.value,
            reason=None if state.reason is None else state.reason.value,
            sentence=state.sentence,
            seconds=None if state.since is None else round(now - state.since, 3),
            retry_in=None if state.retry_at is None else round(max(0.0, state.retry_at - now), 3),
            loops=counted.loops,
            second_gateways=counted.second_gateways,
        )

    def _lan(self) -> LanStatus:
        lan = self.membership.lan
        counted, port = lan.bridge.counters(), lan.interface
        return LanStatus(
            link=port.link.value,
            mac=str(port.mac),
            mtu=port.mtu,
            table_size=counted.lan_hosts,
            table_limit=TABLE_LIMIT,
            evicted=counted.lan_hosts_evicted,
            moves=counted.moves,
            port=asdict(port.counters()),
            mac_nat={} if lan.mac_nat is None else asdict(lan.mac_nat.counters),
        )

    def _identity(self) -> Identity:
        wish, lan = self.membership.wish, self.membership.lan
        return Identity(
            relay=str(wish.relay),
            name=wish.name,
            role=Role.GATEWAY,
            mac=None,
            interface=wish.interface,
            port_mtu=lan.interface.mtu,
            receive_budget=wish.receive_budget,
            version=softlan_version(),
            room=wish.room,
        )


def _way(counted: WayCounters) -> WayStatus:
    return WayStatus(
        received=counted.received,
        forwarded=counted.forwarded,
        dropped={str(reason): count for reason, count in counted.dropped.items() if count},
    )
