"""What the figures of the images say, without an engine."""

from dataclasses import replace

import pytest
from images import EngineFailedError, Figures, Image, Start, as_markdown, compare, memory_in

BASE = {"Size": 100_000_000, "RootFS": {"Layers": ["one", "two"]}}
FIGURES = Figures(
    base="python:3.13-slim",
    base_size=100_000_000,
    system="Debian GNU/Linux 13 (trixie)",
    python="3.13.5",
    python_prefix="/usr",
    check_interval=5.0,
    images=[
        Image("softlan/relay", 140_000_000, 40_000_000, 5, 3),
        Image("softlan/sim", 130_000_000, 30_000_000, 4, 2),
    ],
    starts=[Start(1.0, 5.0, 60 * 2**20), Start(2.0, 6.0, 62 * 2**20), Start(9.0, 7.0, 64 * 2**20)],
    commands={"softlan/relay": [0.5, 0.7], "softlan/sim": [1.0]},
)
MACHINE = {"processor": "a processor", "cores": "2", "kernel": "Linux 6.1"}


def test_an_image_is_told_apart_from_its_base() -> None:
    image = {"Size": 140_000_000, "RootFS": {"Layers": ["one", "two", "three"]}}
    assert compare("softlan/relay", image, BASE) == Image(
        "softlan/relay", 140_000_000, 40_000_000, 3, 1
    )


@pytest.mark.parametrize("layers", [[], ["one"], ["two", "one", "three"]])
def test_an_image_on_another_base_is_refused(layers: list[str]) -> None:
    with pytest.raises(EngineFailedError, match="another base"):
        compare("softlan/relay", {"Size": 1, "RootFS": {"Layers": layers}}, BASE)


@pytest.mark.parametrize(
    ("shown", "used"),
    [
        ("0B / 0B", 0),
        ("612KiB / 512MiB", 612 * 2**10),
        ("61.5MiB / 512MiB\n", 61.5 * 2**20),
        ("1.25GiB / 2GiB", 1.25 * 2**30),
    ],
)
def test_memory_in_use_is_read_from_what_the_engine_shows(shown: str, used: float) -> None:
    assert memory_in(shown) == used


@pytest.mark.parametrize("shown", ["", "-- / --"])
def test_an_engine_that_shows_no_memory_is_an_error(shown: str) -> None:
    with pytest.raises(EngineFailedError, match="instead of memory"):
        memory_in(shown)


def test_the_page_shows_each_figure_for_each_image() -> None:
    lines = as_markdown(FIGURES, MACHINE, "29.0")
    assert lines[lines.index("") + 1 :] == [
        "|  | softlan/relay | softlan/sim |",
        "|---|---|---|",
        "| size | 140.0 MB | 130.0 MB |",
        "| size above the base | 40.0 MB | 30.0 MB |",
        "| layers | 5 | 4 |",
        "| layers above the base | 3 | 2 |",
        "| `docker run` to the end of `--version` | 0.60 s (0.50-0.70) | 1.00 s (1.00-1.00) |",
        "| `docker run` to ready | 2.00 s (1.00-9.00) | - |",
        "| `docker run` to healthy | 6.00 s (5.00-7.00) | - |",
        "| memory, idle | 62.0 MiB | - |",
    ]


@pytest.mark.parametrize(
    ("system", "prefix", "python"),
    [
        ("Debian GNU/Linux 13 (trixie)", "/usr", "Debian's own Python 3.13.5"),
        ("Debian GNU/Linux 13 (trixie)", "/usr/local", "Python 3.13.5 in /usr/local"),
        ("Alpine Linux v3.22", "/usr", "Python 3.13.5 in /usr"),
    ],
)
def test_the_base_is_described_by_what_is_in_it(system: str, prefix: str, python: str) -> None:
    figures = replace(FIGURES, system=system, python_prefix=prefix)
    said = f"The base here, `python:3.13-slim` (100.0 MB), is {system} with {python}."
    assert said in as_markdown(figures, MACHINE, "29.0")
