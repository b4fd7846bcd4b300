"""What a relay that has started tells its operator: where it is, and how to get in."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

from lanparty_command import join_host_port, softlan_version
from lanparty_relay.admin_token import ADMIN_TOKEN_FILE
from lanparty_relay.binding import reachable_address
from lanparty_relay.settings import RelaySettings

__all__ = ["Addresses", "announcement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the relay is, as text: bound here, and as others reach it."""

    listen: str
    admin: str
    dial: str
    """What players dial."""
    admin_url: str
    """Where operators ask."""
    admin_is_exposed: bool
    """Other hosts reach the admin API by plain HTTP, which shows them its token."""

    @classmethod
    def of(cls, settings: RelaySettings, players: tuple[Any, ...], admin: tuple[Any, ...]) -> Self:
        """Tell from the settings and the names of both sockets (`getsockname`)."""
        host, port = admin[:2]
        reachable = join_host_port(*reachable_address((host, port)))
        dial = settings.public or join_host_port(*reachable_address(players[:2]))
        if settings.public_admin is None:
            url, exposed = f"http://{reachable}", not ip_address(host).is_loopback
        else:
            url, exposed = settings.public_admin.rstrip("/"), _is_exposed(settings.public_admin)
        return cls(
            listen=join_host_port(*players[:2]),
            admin=reachable,
            dial=str(dial),
            admin_url=url,
            admin_is_exposed=exposed,
        )


def announcement(settings: RelaySettings, addresses: Addresses, pin: str) -> str:
    """Say on four lines what the relay serves, and where; the options can be pasted."""
    token_file = settings.admin_token_file or settings.state_dir / ADMIN_TOKEN_FILE
    return (
        f"softlan relay {softlan_version()} serves players on {addresses.listen} (UDP)\n"
        f"  players:     --relay {addresses.dial} --pin {pin}\n"
        f"  admin API:   {addresses.admin_url}\n"
        f"  admin token: {token_file}"
    )


def _is_exposed(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
