"""`make bench-images`: size, start and memory of the images, as the engine here has them.

The relay is run as compose.yaml runs it, several times: from `docker run` until its admin API says
that it is ready, until the engine calls it healthy, and then idle. Everything that was started is
removed. What lies in the base image is told apart by its layers.

Usage: python bench/images.py --help
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from document import markdown_table, put_into
from machine import describe_machine
from rich.console import Console
from rich.table import Table

RELAY = "softlan/relay"
IMAGES = (RELAY, "softlan/client", "softlan/gateway", "softlan/sim")
DOCKERFILE = Path(__file__).parents[1] / "docker/Dockerfile"
RUN_RELAY = (
    *("run", "--detach", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
    *("--sysctl=net.ipv4.ip_unprivileged_port_start=0", "--publish=127.0.0.1::8080"),
    *("--env=LANPARTY_ADMIN=*:8080", "--env=LANPARTY_LISTEN=443/udp", RELAY),
)
BUILD = "docker compose --profile e2e build"
LOOK_SECONDS = 0.02
"""Between two looks at a relay that starts."""
PATIENCE_SECONDS = 60.0
ASK_PYTHON = """
import json, platform, sys
release = platform.freedesktop_os_release()
print(json.dumps([release["PRETTY_NAME"], platform.python_version(), sys.base_prefix]))
"""
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class EngineFailedError(Exception):
    """The engine or an image can't do what is asked; the text says what."""


@dataclass(frozen=True, slots=True)
class Image:
    """What an image takes. Sizes in bytes."""

    name: str
    size: int
    size_above_base: int
    layers: int
    layers_above_base: int


@dataclass(frozen=True, slots=True)
class Start:
    """One run of the relay. Times in seconds from `docker run`, memory in bytes."""

    ready: float
    healthy: float
    memory: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page shows."""

    base: str
    base_size: int
    system: str
    python: str
    python_prefix: str
    check_interval: float
    """Between two health checks, in seconds: the first comes after one of them."""
    images: list[Image]
    starts: list[Start]
    commands: dict[str, list[float]]
    """By image: seconds of `docker run IMAGE --version` from its start to its end."""


def docker(*arguments: str) -> str:
    """Return what a docker command prints."""
    try:
        command = ["docker", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise EngineFailedError("there is no docker command here: install Docker") from None
    except subprocess.CalledProcessError as failed:
        raise EngineFailedError(failed.stderr.strip()) from None


def inspect(kind: str, name: str) -> dict[str, Any]:  # Any: the engine's JSON
    """Ask the engine what it knows of an image or a container."""
    described: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name))
    return described[0]


def inspect_image(name: str, obtain: str) -> dict[str, Any]:  # Any: the engine's JSON
    """Ask the engine for an image, which the command `obtain` would bring here."""
    if not docker("image", "ls", "--quiet", name).strip():
        raise EngineFailedError(f"there is no image {name} here: run {obtain}")
    return inspect("image", name)


def default_base() -> str:
    """Return the base image as a build here would choose it."""
    named = re.search(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert named, f"{DOCKERFILE} names no base image"
    return os.environ.get("BASE_IMAGE") or named[1]


def compare(name: str, image: dict[str, Any], base: dict[str, Any]) -> Image:
    """Tell what an image adds to its base. Raises `EngineFailedError` if it has another base."""
    layers, below = (each["RootFS"]["Layers"] for each in (image, base))
    if layers[: len(below)] != below:
        raise EngineFailedError(
            f"{name} was built on another base: run {BUILD}, or name its base with --base"
        )
    return Image(
        name=name,
        size=image["Size"],
        size_above_base=image["Size"] - base["Size"],
        layers=len(layers),
        layers_above_base=len(layers) - len(below),
    )


def measure(base: str, rounds: int, idle_seconds: float, console: Console) -> Figures:
    """Look at the images, then start them round by round."""
    below = inspect_image(base, f"docker pull {base}")
    described = {name: inspect_image(name, BUILD) for name in IMAGES}
    images = [compare(name, image, below) for name, image in described.items()]
    python = docker("run", "--rm", "--entrypoint=python3", RELAY, "-c", ASK_PYTHON)
    system, version, prefix = json.loads(python)
    starts: list[Start] = []
    commands: dict[str, list[float]] = {name: [] for name in described}
    for number in range(rounds):
        console.print(f"round {number + 1} of {rounds}", style="dim")
        for name, seconds in commands.items():
            begin = time.monotonic()
            docker("run", "--rm", name, "--version")
            seconds.append(time.monotonic() - begin)
        starts.append(measure_start(idle_seconds))
    return Figures(
        base=base,
        base_size=below["Size"],
        system=system,
        python=version,
        python_prefix=prefix,
        check_interval=described[RELAY]["Config"]["Healthcheck"]["Interval"] / 1e9,
        images=images,
        starts=starts,
        commands=commands,
    )


def measure_start(idle_seconds: float) -> Start:
    """Run a relay until it has been idle for a while."""
    begin = time.monotonic()
    with running_relay() as container:
        port = docker("port", container, "8080/tcp").splitlines()[0].rpartition(":")[2]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as api:
            ready = wait_until("ready", lambda: is_ready(api)) - begin
        healthy = wait_until("healthy", lambda: is_healthy(container)) - begin
        time.sleep(idle_seconds)
        shown = docker("stats", "--no-stream", "--format={{.MemUsage}}", container)
    return Start(ready, healthy, memory_in(shown))


@contextmanager
def running_relay() -> Iterator[str]:
    """Start a relay on ports of its own, and remove it with its state."""
    container = docker(*RUN_RELAY).strip()
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def is_ready(api: httpx.Client) -> bool:
    """Tell whether the relay serves."""
    try:
        return api.get("/readyz").is_success
    except httpx.TransportError:
        return False


def is_healthy(container: str) -> bool:
    """Tell whether the engine's own check has passed."""
    return bool(inspect("container", container)["State"]["Health"]["Status"] == "healthy")


def wait_until(state: str, holds: Callable[[], bool]) -> float:
    """Return the monotonic time at which something began to hold."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise EngineFailedError(
                f"{RELAY} isn't {state} after {PATIENCE_SECONDS:g} s: run it to see why"
            )
        time.sleep(LOOK_SECONDS)
    return time.monotonic()


def memory_in(shown: str) -> float:
    """Return the bytes in use out of `docker stats`' text, such as "61.5MiB / 512MiB"."""
    used = re.match(r"([\d.]+)([KMG]?i?B)", shown)
    if used is None:
        raise EngineFailedError(f"docker stats shows {shown.strip()!r} instead of memory")
    return float(used[1]) * UNITS[used[2]]


def rows_of(figures: Figures) -> list[tuple[str, ...]]:
    """Return the table: a row for each figure, a column for each image."""
    images, starts = figures.images, figures.starts
    commands = (in_seconds(figures.commands[image.name]) for image in images)
    memory = statistics.median(start.memory for start in starts) / UNITS["MiB"]
    of_no_relay = ["-"] * (len(images) - 1)
    return [
        ("size", *(f"{image.size / 1e6:.1f} MB" for image in images)),
        ("size above the base", *(f"{image.size_above_base / 1e6:.1f} MB" for image in images)),
        ("layers", *(str(image.layers) for image in images)),
        ("layers above the base", *(str(image.layers_above_base) for image in images)),
        ("`docker run` to the end of `--version`", *commands),
        ("`docker run` to ready", in_seconds([start.ready for start in starts]), *of_no_relay),
        ("`docker run` to healthy", in_seconds([start.healthy for start in starts]), *of_no_relay),
        ("memory, idle", f"{memory:.1f} MiB", *of_no_relay),
    ]


def in_seconds(times: Sequence[float]) -> str:
    """Return median and range as text."""
    return f"{statistics.median(times):.2f} s ({min(times):.2f}-{max(times):.2f})"


def describe_base(figures: Figures) -> str:
    """Say what the base image is, by what is in it."""
    python = f"Python {figures.python} in {figures.python_prefix}"
    if figures.system.startswith("Debian") and figures.python_prefix == "/usr":
        python = f"Debian's own Python {figures.python}"
    size = f"{figures.base_size / 1e6:.1f} MB"
    return f"The base here, `{figures.base}` ({size}), is {figures.system} with {python}."


def as_markdown(figures: Figures, machine: dict[str, str], engine: str) -> list[str]:
    """Return the lines of the measured part of the page."""
    place = ", ".join(f"{name} {machine[name]}" for name in ("processor", "cores", "kernel"))
    return [
        f"Medians (and ranges) of {len(figures.starts)} starts; {place}, Docker {engine}.",
        describe_base(figures),
        f"The engine's first health check comes {figures.check_interval:g} s after the start.",
        "",
        *markdown_table(headings_of(figures), rows_of(figures)),
    ]


def headings_of(figures: Figures) -> tuple[str, ...]:
    """Name the columns."""
    return ("", *(image.name for image in figures.images))


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Size, start and memory of the images.")
    parser.add_argument("--base", default=default_base(), help="the image that they were built on")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=10.0, help="before memory is read")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--document", type=Path, help="put the table into this page")
    options = parser.parse_args()
    try:
        engine = docker("version", "--format={{.Server.Version}}").strip()
        console = Console(stderr=True)
        figures = measure(options.base, options.rounds, options.idle_seconds, console)
    except EngineFailedError as failure:
        raise SystemExit(f"bench-images: {failure}") from None
    machine = describe_machine()
    table = Table(*headings_of(figures), title="The images", caption=describe_base(figures))
    for row in rows_of(figures):
        table.add_row(*row)
    Console().print(table)
    if options.json:
        kept = {"machine": machine, "engine": engine, **asdict(figures)}
        options.json.write_text(json.dumps(kept, indent=2) + "\n")
    if options.document:
        put_into(options.document, "images", as_markdown(figures, machine, engine))


if __name__ == "__main__":
    main()
