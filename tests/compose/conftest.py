"""What tests of the containers need: an engine, images, projects that are always removed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from compose_project import ComposeProject, remove_abandoned
from docker_command import docker

_BUILD_LIMIT = 1_200.0
_WAY_OUT = "docker/without-registry.sh makes an engine, Compose and base images (needs root)"


@pytest.fixture(scope="session")
def engine(lacking: Callable[[str], NoReturn]) -> None:
    """Docker with Compose, rid of what killed test runs have left."""
    if shutil.which("docker") is None:
        lacking(f"the docker command is not installed: {_WAY_OUT}")
    if docker("info", check=False).returncode:
        lacking(f"no Docker engine answers: {_WAY_OUT}")
    if docker("compose", "version", check=False).returncode:
        lacking(f"Docker has no Compose: {_WAY_OUT}")
    remove_abandoned()


@pytest.fixture(scope="session")
def images(engine: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The images of this checkout, built once."""
    project = ComposeProject("images", tmp_path_factory.mktemp("images"))
    project.compose("--profile=*", "build", "--quiet", timeout=_BUILD_LIMIT)


@pytest.fixture(scope="module")
def compose(
    images: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposeProject]:
    """A project for one module, named after it; nothing of it runs yet."""
    subject = Path(request.path).stem.removeprefix("test_").replace("_", "-")
    project = ComposeProject(subject, tmp_path_factory.mktemp(subject))
    try:
        yield project
    finally:
        project.remove()
