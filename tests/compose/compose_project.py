"""One run of compose.yaml under a name of its own, on free ports, with settings of its own."""

import os
import re
import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
from docker_command import Inspection, docker, inspect, projects, remains_of, remove_project
from waiting import wait_until

__all__ = ["REPOSITORY", "ComposeProject", "operator_environment", "own_name", "remove_abandoned"]

REPOSITORY: Final = Path(__file__).parents[2]
_OVERLAYS: Final = Path(__file__).parent
_NAME: Final = re.compile(r"softlan-test-(?P<process>\d+)-.+")
_OPERATORS_OWN: Final = ("COMPOSE_", "LANPARTY_", "SOFTLAN_")
_HEALTHY_LIMIT: Final = 30.0


def own_name(subject: str) -> str:
    """Name a project of this process, so that runs at the same time don't meet."""
    return f"softlan-test-{os.getpid()}-{subject}"


def remove_abandoned() -> None:
    """Remove the projects of test runs that were killed before they could."""
    for name in projects():
        maker = _NAME.fullmatch(name)
        if maker is not None and not Path("/proc", maker["process"]).exists():
            remove_project(name)


def operator_environment() -> dict[str, str]:
    """Return this process's environment without what an operator may have set for a relay."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(_OPERATORS_OWN)
    }


class ComposeProject:
    """A project that its owner removes in the end. Paths and settings are those of compose.yaml."""

    def __init__(
        self,
        subject: str,
        folder: Path,
        *,
        overlay: str | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`overlay` names a file in this folder; `settings` are further lines of the .env file."""
        self.name: Final = own_name(subject)
        self.relay_port, self.admin_port, self.prometheus_port = _free_ports()
        self._settings_file: Final = folder / f"{subject}.env"
        files = [REPOSITORY / "compose.yaml", _OVERLAYS / "own-settings.yaml"]
        if overlay is not None:
            files.append(_OVERLAYS / overlay)
        self._files: Final = files
        self.configure(settings)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Write the .env file anew; the next `up` heeds it."""
        lines = {
            "SOFTLAN_BIND": "127.0.0.1",
            "SOFTLAN_PORT": str(self.relay_port),
            "SOFTLAN_ADMIN_PORT": str(self.admin_port),
            "SOFTLAN_PROMETHEUS_PORT": str(self.prometheus_port),
            "SOFTLAN_E2E_BRIDGE": self.lan_bridge,
            "SOFTLAN_TEST_SETTINGS": str(self._settings_file),
            **settings,
        }
        self._settings_file.write_text("".join(f"{key}={lines[key]}\n" for key in lines))

    @property
    def lan_bridge(self) -> str:
        """The bridge that the LAN of this project has on the host."""
        return f"sltest{self.relay_port}"

    @property
    def environment(self) -> dict[str, str]:
        """An environment in which a bare `docker compose` means this project."""
        return operator_environment() | {
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": os.pathsep.join(map(str, self._files)),
            "COMPOSE_ENV_FILES": str(self._settings_file),
        }

    def compose(
        self, *arguments: str, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ARGUMENTS` on this project."""
        return docker(
            "compose", *arguments, check=check, timeout=timeout, environment=self.environment
        )

    def up(self, *services: str) -> None:
        """Create and start services, never building; without names those of no profile."""
        self.compose("up", "--detach", "--no-build", *services)

    def up_healthy(self, *services: str) -> None:
        """Create and start services, and wait until the relay says that it is ready."""
        self.up("relay", *services)
        self.wait_healthy()

    def wait_healthy(self) -> None:
        """Wait until Docker holds the relay for healthy."""
        wait_until(
            lambda: self.inspect("relay")["State"]["Health"]["Status"] == "healthy",
            "the relay is healthy",
            limit=_HEALTHY_LIMIT,
        )

    def remove(self) -> None:
        """Remove everything of it by name, whatever state it is in."""
        remove_project(self.name)

    def remains(self) -> list[str]:
        """List what is there of it."""
        return remains_of(self.name)

    def container(self, service: str) -> str:
        """Return the id of a service's container, running or not."""
        (found,) = self.compose("--profile=*", "ps", "--all", "--quiet", service).stdout.split()
        return found

    def inspect(self, service: str) -> Inspection:
        """Return what Docker says of a service's container."""
        return inspect(self.container(service))

    def logs(self, service: str) -> str:
        """Return all that a service printed, both streams."""
        said = docker("logs", self.container(service))
        return said.stdout + said.stderr

    def execute(self, service: str, *command: str) -> str:
        """Run a command in a service's container, as its user, and return its output."""
        return self.compose("--profile=*", "exec", "--no-TTY", service, *command).stdout

    def token(self) -> str:
        """Ask the relay for the admin API's token, as operators do."""
        return self.execute("relay", "lanparty-relay", "token").strip()

    def api(self, token: str | None = None) -> httpx.Client:
        """Return a client of the admin API on its published port, which the caller closes."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.admin_port}",
            headers={"Authorization": f"Bearer {token or self.token()}"},
            trust_env=False,
        )

    def ask(self, path: str, token: str | None = None) -> Any:
        """Get a document of the admin API."""
        with self.api(token) as api:
            return api.get(path).raise_for_status().json()


def _free_ports() -> tuple[int, int, int]:
    """Find ports that nobody uses now: for the relay, its API, Prometheus."""
    with ExitStack() as held:
        ports = []
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_STREAM):
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind(("", 0))
            ports.append(int(probe.getsockname()[1]))
        relay, admin, prometheus = ports
    return relay, admin, prometheus
