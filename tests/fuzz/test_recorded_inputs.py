"""Invariant of every fuzz target, for its seeds and for all that ever broke it: see fuzz/targets.

No fuzzer is needed: a recorded input is given to its target as the fuzzer would give it.
"""

from pathlib import Path

import pytest
from target import Target, chain, links, replay
from targets import NAMES, load

FUZZ = Path(__file__).parents[2] / "fuzz"


@pytest.mark.parametrize("name", NAMES)
def test_no_seed_of_a_target_breaks_it(name: str) -> None:
    target = load(name)
    inputs = [path.read_bytes() for path in sorted((FUZZ / "corpus" / name).iterdir())]
    assert inputs
    assert max(map(len, inputs)) <= target.largest_input
    if target.inputs_for_one_subject == 1:
        for data in inputs:
            replay(target, [data])
    else:
        replay(target, inputs)


@pytest.mark.parametrize("name", NAMES)
def test_what_broke_a_target_once_breaks_it_no_more(name: str) -> None:
    for path in sorted((FUZZ / "crashes" / name).glob("*")):
        recorded = path.read_bytes()
        is_chain = path.name.startswith("chain-")
        replay(load(name), links(recorded) if is_chain else [recorded])


@pytest.mark.parametrize("name", NAMES)
def test_a_target_says_what_it_is(name: str) -> None:
    target = load(name)
    assert isinstance(target, Target)
    assert target.name == name
    assert target.subject
    assert len(target.subject) < 100


def test_every_module_with_a_target_is_listed() -> None:
    modules = (FUZZ / "targets").glob("[a-z]*.py")
    listed = {path.stem for path in modules if "\nTARGET = " in path.read_text()}
    assert listed == set(NAMES)


def test_a_chain_gives_its_inputs_back() -> None:
    inputs = [b"", b"one", bytes(3000)]
    assert list(links(chain(inputs))) == inputs
