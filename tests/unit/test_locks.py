"""The lock files agree with one another and hold hashes alone: no place to fetch from."""

import re
from pathlib import Path

import pytest

LOCKS = {path.stem: path for path in Path(__file__).parents[2].glob("requirements/*.txt")}
FOR_IMAGES = ("build", "client", "gateway", "relay", "sim")
REQUIREMENT = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?P<marker> ; [^\\\n]+)? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def requirements(lock: str) -> dict[str, re.Match[str]]:
    return {found["name"]: found for found in REQUIREMENT.finditer(LOCKS[lock].read_text())}


def test_there_is_a_lock_for_each_environment() -> None:
    assert LOCKS.keys() == {"runtime", "dev", "fuzz", *FOR_IMAGES}


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_a_lock_holds_versions_with_hashes_and_names_no_host(lock: str) -> None:
    assert requirements(lock)
    assert REQUIREMENT.sub("", LOCKS[lock].read_text()) == ""


@pytest.mark.parametrize("lock", sorted(LOCKS.keys() - {"runtime"}))
def test_a_lock_has_the_versions_of_the_runtime_lock(lock: str) -> None:
    runtime = requirements("runtime")
    for name, found in requirements(lock).items():
        if name in runtime:
            assert found[0] == runtime[name][0]


@pytest.mark.parametrize("lock", FOR_IMAGES)
def test_an_image_needs_nothing_that_the_runtime_lock_lacks(lock: str) -> None:
    assert requirements(lock).keys() <= requirements("runtime").keys()


def test_a_service_is_locked_without_what_only_another_needs() -> None:
    locked = {lock: requirements(lock).keys() for lock in FOR_IMAGES}
    assert not {"httpx", "rich", "pyroute2", "hatchling"} & locked["relay"]
    assert not {"fastapi", "uvicorn", "pyroute2", "hatchling"} & locked["sim"]
    assert not {"fastapi", "uvicorn", "httpx", "hatchling"} & locked["client"]
    assert not {"fastapi", "uvicorn", "httpx", "hatchling"} & locked["gateway"]
