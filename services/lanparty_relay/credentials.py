"""What a relay shows and asks for: its certificate and the admin token; a running one renews them.

Certificate, key and token are files, and may be replaced while players are in their rooms.
"""

from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_command import CommandFailed
from lanparty_quic.identity import ServerIdentity
from lanparty_relay.admin_token import load_admin_token
from lanparty_relay.identity import load_identity
from lanparty_relay.settings import RelaySettings
from lanparty_relay.state_directory import StateDirectory

__all__ = ["Credentials"]


class Credentials:
    """The relay's identity and admin token, as they were read last. Raises `CommandFailed`."""

    def __init__(self, settings: RelaySettings, state: StateDirectory) -> None:
        """Read the files that the settings name, or the state directory's."""
        self._settings: Final = settings
        self._state: Final = state
        self.identity = self._read_identity()
        self.token = self._read_token()

    def renew(self, log: BoundLogger) -> None:
        """Read the files again and log what became of each.

        Raises nothing: what can't be read stays as it was. Takes the time of a disk.
        """
        self._renew_identity(log)
        self._renew_token(log)

    def _renew_identity(self, log: BoundLogger) -> None:
        old = self.identity
        try:
            self.identity = new = self._read_identity()
        except CommandFailed as error:
            log.error("certificate not renewed", reason=str(error), effect="the old one stays")
            return
        if new.pin != old.pin:
            log.warning(
                "certificate renewed, its key is another",
                effect="players who dial with the old pin can't join",
                pin=new.pin,
                valid_until=_end_of(new),
            )
        elif (new.certificate, new.chain) != (old.certificate, old.chain):
            log.info("certificate renewed, the pin is the same", valid_until=_end_of(new))
        else:
            log.info("certificate unchanged", valid_until=_end_of(new))

    def _renew_token(self, log: BoundLogger) -> None:
        old = self.token
        try:
            self.token = self._read_token()
        except CommandFailed as error:
            log.error("admin token not renewed", reason=str(error), effect="the old one stays")
            return
        log.info("admin token unchanged" if self.token == old else "admin token renewed")

    def _read_identity(self) -> ServerIdentity:
        return load_identity(self._state, cert=self._settings.cert, key=self._settings.key)

    def _read_token(self) -> str:
        return load_admin_token(self._state, self._settings.admin_token_file)


def _end_of(identity: ServerIdentity) -> str:
    return identity.certificate.not_valid_after_utc.date().isoformat()
