"""The docker command, and what it knows of a project by its label."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["Inspection", "docker", "inspect", "projects", "remains_of", "remove_project"]

Inspection = dict[str, Any]  # What `docker inspect` answers has no schema here.

_PROJECT_LABEL: Final = "com.docker.compose.project"
_KINDS: Final = {
    "container": ("container", "ls", "--all"),
    "volume": ("volume", "ls"),
    "network": ("network", "ls"),
}

_REMOVAL: Final = {
    "container": ("--force", "--volumes"),  # also those without a name
    "volume": ("--force",),
    "network": (),
}


def docker(
    *arguments: str,
    check: bool = True,
    timeout: float = 60,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `docker ARGUMENTS`; where that fails although it was to succeed, say what it printed."""
    ended = subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    if check and ended.returncode:
        raise AssertionError(
            f"docker {' '.join(arguments)} ended with {ended.returncode}:\n"
            f"{ended.stdout}{ended.stderr}"
        )
    return ended


def inspect(name: str) -> Inspection:
    """Return everything that Docker says of one container, image, volume or network."""
    (answer,) = json.loads(docker("inspect", name).stdout)
    assert isinstance(answer, dict)
    return answer


def projects() -> set[str]:
    """Name every project of which anything is there, running or not."""
    return {name for kind in _KINDS for _, name in _labelled(kind, _PROJECT_LABEL) if name}


def remains_of(project: str) -> list[str]:
    """List what is there of a project, as `volume softlan_state`."""
    return [
        f"{kind} {name}"
        for kind in _KINDS
        for name, _ in _labelled(kind, f"{_PROJECT_LABEL}={project}")
    ]


def remove_project(project: str) -> None:
    """Remove everything of a project by its name; no compose file is needed."""
    for kind in _KINDS:
        names = [name for name, _ in _labelled(kind, f"{_PROJECT_LABEL}={project}")]
        if names:
            docker(kind, "rm", *_REMOVAL[kind], *names, check=False)
    assert not remains_of(project)


def _labelled(kind: str, label: str) -> Iterator[tuple[str, str]]:
    """Find the things of a kind that have the label; yield their names and projects."""
    name = "{{.Names}}" if kind == "container" else "{{.Name}}"
    shape = f'{name}\t{{{{.Label "{_PROJECT_LABEL}"}}}}'
    listed = docker(*_KINDS[kind], "--filter", f"label={label}", "--format", shape)
    for line in listed.stdout.splitlines():
        found, _, project = line.partition("\t")
        yield found, project
