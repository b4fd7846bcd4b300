"""What a DHCP client writes in each state (RFC 2131 table 5)."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final

from lanparty_client.addressing.dhcp_frames import frame_of
from lanparty_client.addressing.dhcp_lease import DhcpLease
from lanparty_ethernet import DhcpKind, DhcpMessage, DhcpOption
from lanparty_proto import MacAddress

__all__ = ["DhcpRequests"]

_NO_ADDRESS: Final = IPv4Address(0)
_ETHERNET: Final = b"\x01"
_PARAMETERS: Final = bytes(
    (
        DhcpOption.SUBNET_MASK,
        DhcpOption.ROUTERS,
        DhcpOption.DNS_SERVERS,
        DhcpOption.LEASE_SECONDS,
        DhcpOption.RENEWAL_SECONDS,
        DhcpOption.REBINDING_SECONDS,
    )
)


class DhcpRequests:
    """Makes the frames of one client; `transaction` and `seconds` go into each."""

    def __init__(self, mac: MacAddress) -> None:
        self._mac = mac

    def discover(self, wanted: IPv4Address | None, *, transaction: int, seconds: int) -> bytes:
        """Ask all servers for an offer, of the `wanted` address if it can be."""
        options = {} if wanted is None else {DhcpOption.REQUESTED_ADDRESS: wanted.packed}
        return frame_of(self._message(DhcpKind.DISCOVER, transaction, seconds, options))

    def accept(self, offer: DhcpLease, *, transaction: int, seconds: int) -> bytes:
        """Tell all servers whose offer is taken."""
        options = {
            DhcpOption.REQUESTED_ADDRESS: offer.address.ip.packed,
            DhcpOption.SERVER: offer.server.packed,
        }
        return frame_of(self._message(DhcpKind.REQUEST, transaction, seconds, options))

    def confirm(self, lease: DhcpLease, *, transaction: int, seconds: int) -> bytes:
        """Ask whether an address that was given before is still right here (INIT-REBOOT)."""
        options = {DhcpOption.REQUESTED_ADDRESS: lease.address.ip.packed}
        return frame_of(self._message(DhcpKind.REQUEST, transaction, seconds, options))

    def renew(self, lease: DhcpLease, *, transaction: int, seconds: int) -> bytes:
        """Ask the server that gave the lease for more time."""
        message = self._message(
            DhcpKind.REQUEST, transaction, seconds, {}, client_address=lease.address.ip
        )
        return frame_of(
            message, source=lease.address.ip, server=lease.server, server_mac=lease.server_mac
        )

    def rebind(self, lease: DhcpLease, *, transaction: int, seconds: int) -> bytes:
        """Ask any server for more time."""
        message = self._message(
            DhcpKind.REQUEST, transaction, seconds, {}, client_address=lease.address.ip
        )
        return frame_of(message, source=lease.address.ip)

    def decline(self, lease: DhcpLease, *, transaction: int) -> bytes:
        """Tell the server that somebody has this address already."""
        options = {
            DhcpOption.REQUESTED_ADDRESS: lease.address.ip.packed,
            DhcpOption.SERVER: lease.server.packed,
        }
        return frame_of(self._message(DhcpKind.DECLINE, transaction, 0, options))

    def release(self, lease: DhcpLease, *, transaction: int) -> bytes:
        """Give the address back."""
        message = self._message(
            DhcpKind.RELEASE,
            transaction,
            0,
            {DhcpOption.SERVER: lease.server.packed},
            client_address=lease.address.ip,
        )
        return frame_of(
            message, source=lease.address.ip, server=lease.server, server_mac=lease.server_mac
        )

    def _message(
        self,
        kind: DhcpKind,
        transaction: int,
        seconds: int,
        options: Mapping[DhcpOption, bytes],
        *,
        client_address: IPv4Address = _NO_ADDRESS,
    ) -> DhcpMessage:
        written = {DhcpOption.CLIENT_IDENTIFIER: _ETHERNET + self._mac, **options}
        if kind in (DhcpKind.DISCOVER, DhcpKind.REQUEST):
            written[DhcpOption.PARAMETERS] = _PARAMETERS
        return DhcpMessage(
            kind=kind,
            transaction=transaction,
            client_mac=self._mac,
            seconds=seconds,
            client_address=client_address,
            options={int(code): value for code, value in written.items()},
        )
