"""A relay in a process of its own, on free ports and with a state directory that goes with it."""

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_quic import PinnedKey
from lanparty_sim.admin_api import AdminApi, AdminApiError

__all__ = ["RelayProcess", "RelayProcessError"]

_ANY_PORT: Final = "127.0.0.1:0"
_ANNOUNCEMENT: Final = re.compile(
    r"players: +--relay (?P<relay>\S+) --pin (?P<pin>\S+)\n +admin API: +(?P<admin>\S+)\n"
)
"""What the relay prints when it serves, as it would be pasted."""

_READY_LIMIT: Final = 20.0
_STOP_LIMIT: Final = 10.0
_POLL_INTERVAL: Final = 0.05
_LOG_TAIL: Final = 2_000


class RelayProcessError(Exception):
    """The relay didn't start. The text has the end of its log."""


class RelayProcess:
    """An asynchronous context manager: started and ready inside, stopped and removed after."""

    def __init__(self, *options: str) -> None:
        """`options` are added to the relay's command line."""
        self._options: Sequence[str] = options
        self._directory = tempfile.TemporaryDirectory(prefix="softlan-")
        self._process: asyncio.subprocess.Process | None = None
        self._said: re.Match[str] | None = None

    @property
    def state_directory(self) -> Path:
        """Where the relay keeps its pin and its admin token."""
        return Path(self._directory.name)

    @property
    def pin_file(self) -> Path:
        """The file that says the relay's pin."""
        return self.state_directory / "pin"

    @property
    def token_file(self) -> Path:
        """The file that holds the admin API's token."""
        return self.state_directory / "admin-token"

    @property
    def log_file(self) -> Path:
        """Everything that the relay printed."""
        return self.state_directory / "relay.log"

    @property
    def admin_url(self) -> str:
        """The admin API's address, without a slash at its end."""
        return self._announced("admin")

    @property
    def address(self) -> RelayAddress:
        """Where it serves players."""
        return RelayAddress.parse(self._announced("relay"))

    @property
    def process_id(self) -> int:
        """The relay's process; it must have been started."""
        assert self._process is not None
        return self._process.pid

    def known_relay(self) -> KnownRelay:
        """Return how to dial it."""
        return KnownRelay(self.address, PinnedKey(self._announced("pin")))

    def api(self) -> AdminApi:
        """Return a client of its admin API, which the caller closes."""
        return AdminApi(self.admin_url, token=self.token_file.read_text(encoding="utf-8").strip())

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            self._directory.cleanup()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        self._directory.cleanup()

    async def stop(self) -> int | None:
        """Ask it to stop and wait; return its exit code, None if it wasn't running."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_LIMIT):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()

    async def restart(self) -> None:
        """Stop it, and start it again with the same state and for the players at the same address.

        Raises `RelayProcessError`.
        """
        address = self.address
        await self.stop()
        self._options = (*self._options, f"--listen={address}")
        await self._start()

    async def _start(self) -> None:
        # The script stands beside the interpreter that runs this; services don't import each other.
        command = Path(sys.executable).with_name("lanparty-relay")
        with self.log_file.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                command,
                f"--listen={_ANY_PORT}",
                f"--admin={_ANY_PORT}",
                f"--state-dir={self.state_directory}",
                *self._options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for whoever started it, who stops it then.
                env={name: value for name, value in os.environ.items() if _is_inherited(name)},
            )
        give_up_at = time.monotonic() + _READY_LIMIT
        while not await self._is_ready():
            if time.monotonic() > give_up_at:
                raise self._failure("isn't ready in time")
            await asyncio.sleep(_POLL_INTERVAL)

    async def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise self._failure(f"ended with exit code {self._process.returncode}")
        self._said = _ANNOUNCEMENT.search(self._log())
        if self._said is None:
            return False
        async with self.api() as api:
            with suppress(AdminApiError):
                return await api.is_ready()
        return False

    def _failure(self, what: str) -> RelayProcessError:
        return RelayProcessError(
            f"The relay {what}. Its log ends with:\n{self._log()[-_LOG_TAIL:]}"
        )

    def _log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def _announced(self, what: str) -> str:
        assert self._said is not None, "the relay isn't ready"
        return self._said[what]


def _is_inherited(name: str) -> bool:
    """Keep the user's own settings for a relay away from this one."""
    return not name.startswith("LANPARTY_")
