"""A membership at this moment, as values for status, diagnostics and report."""

from typing import Final

from lanparty_client.membership import Membership
from lanparty_command import softlan_version
from lanparty_ctrl import Role
from lanparty_endpoint.picture import SessionPicture
from lanparty_endpoint.status import Identity, client_diagnostics, client_status
from lanparty_obs.diagnostics import ClientDiagnostics, ClientStatus

__all__ = ["MembershipPicture"]

_REFUSED_BY_HOST: Final = "refused_by_host"
"""Frames that the kernel called malformed, and router advertisements that were kept from it."""


class MembershipPicture(SessionPicture[Membership]):
    """What a player's session tells of itself; see `lanparty_endpoint.handlers.Answering`."""

    def status(self) -> ClientStatus:
        """Look where it stands."""
        membership = self.membership
        return client_status(
            self._identity(),
            membership.session,
            addresses=membership.interface.addresses,
            notices=membership.interface.addressing.notices,
            seen=membership.seen.addresses,
        )

    def diagnostics(self) -> ClientDiagnostics:
        """Look at what lies under its status, too."""
        port = self.membership.interface.ground.port
        return client_diagnostics(
            self._identity(),
            self.status(),
            self.membership.session,
            port_drops={_REFUSED_BY_HOST: port.refused_frames},
        )

    @property
    def left_sentence(self) -> str:
        """What is said when it has left."""
        return f"Left the room; {self.interface} is gone."

    def _identity(self) -> Identity:
        wish, interface = self.membership.wish, self.membership.interface
        return Identity(
            relay=str(wish.relay),
            name=wish.name,
            role=Role.CLIENT,
            mac=interface.mac,
            interface=wish.interface,
            port_mtu=interface.ground.port.mtu,
            receive_budget=wish.receive_budget,
            version=softlan_version(),
            room=wish.room,
        )
