"""A membership at this moment, as values for status, diagnostics and report."""

from typing import Final

from lanparty_client.greeting import RECEIVE_BUDGET
from lanparty_client.membership import Membership
from lanparty_client.sentences import invite_link
from lanparty_command import softlan_version
from lanparty_ctrl import Role
from lanparty_endpoint.status import Identity, client_diagnostics, client_status
from lanparty_obs.diagnostics import ClientDiagnostics, ClientStatus

__all__ = ["diagnostics_of", "invite_of", "status_of"]

_REFUSED_BY_HOST: Final = "refused_by_host"
"""Frames that the kernel called malformed, and router advertisements that were kept from it."""


def status_of(membership: Membership) -> ClientStatus:
    """Look where it stands."""
    return client_status(
        _identity(membership),
        membership.session,
        addresses=membership.interface.addresses,
        notices=membership.interface.addressing.notices,
        seen=membership.seen.addresses,
    )


def invite_of(membership: Membership) -> str | None:
    """Write the invite to its room; None before there is one."""
    session = membership.session
    if session is None or session.welcome is None:
        return None
    return invite_link(membership.wish, session.welcome.room_code)


def diagnostics_of(membership: Membership) -> ClientDiagnostics:
    """Look at what lies under its status, too."""
    port = membership.interface.ground.port
    return client_diagnostics(
        _identity(membership),
        status_of(membership),
        membership.session,
        port_drops={_REFUSED_BY_HOST: port.refused_frames},
    )


def _identity(membership: Membership) -> Identity:
    wish = membership.wish
    return Identity(
        relay=str(wish.relay),
        name=wish.name,
        role=Role.CLIENT,
        mac=membership.interface.mac,
        interface=wish.interface,
        port_mtu=membership.interface.ground.port.mtu,
        receive_budget=RECEIVE_BUDGET,
        version=softlan_version(),
        room=wish.room,
    )
