"""Every state with every input: a known state or the one protocol error."""

from collections.abc import Mapping
from itertools import product
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanparty_ctrl import (
    ENDPOINT_TABLE,
    RELAY_TABLE,
    EndpointInput,
    EndpointState,
    ProtocolViolation,
    RelayInput,
    RelayState,
)


@pytest.mark.parametrize(("state", "happened"), [*product(RelayState, RelayInput)])
def test_the_relays_every_pair_is_known_or_a_violation(
    state: RelayState, happened: RelayInput
) -> None:
    known = RELAY_TABLE[state].get(happened)
    if known is None:
        with pytest.raises(ProtocolViolation, match=f"^{happened} in state {state}$"):
            state.after(happened)
    else:
        assert state.after(happened) is RelayState(known)


@pytest.mark.parametrize(("state", "happened"), [*product(EndpointState, EndpointInput)])
def test_the_endpoints_every_pair_is_known_or_a_violation(
    state: EndpointState, happened: EndpointInput
) -> None:
    known = ENDPOINT_TABLE[state].get(happened)
    if known is None:
        with pytest.raises(ProtocolViolation, match=f"^{happened} in state {state}$"):
            state.after(happened)
    else:
        assert state.after(happened) is EndpointState(known)


StateT = TypeVar("StateT", RelayState, EndpointState)
InputT = TypeVar("InputT", RelayInput, EndpointInput)


def reached(table: Mapping[StateT, Mapping[InputT, StateT]]) -> set[StateT]:
    """Walk from the first state over every transition."""
    found: set[StateT] = set()
    ahead = [next(iter(table))]
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            ahead.extend(table[state].values())
    return found


def test_every_state_can_be_reached() -> None:
    assert reached(RELAY_TABLE) == set(RelayState)
    assert reached(ENDPOINT_TABLE) == set(EndpointState)


def test_every_input_has_a_place_somewhere() -> None:
    assert {happened for row in RELAY_TABLE.values() for happened in row} == set(RelayInput)
    assert {happened for row in ENDPOINT_TABLE.values() for happened in row} == set(EndpointInput)


@given(st.lists(st.sampled_from(RelayInput), max_size=30))
def test_no_relay_session_comes_back_from_its_end(inputs: list[RelayInput]) -> None:
    state, was_over = RelayState.AWAITING_HELLO, False
    for happened in inputs:
        try:
            state = state.after(happened)
        except ProtocolViolation:
            continue
        assert state.is_over or not was_over
        was_over = state.is_over


@given(st.lists(st.sampled_from(EndpointInput), max_size=30))
def test_no_endpoint_session_comes_back_from_its_end(inputs: list[EndpointInput]) -> None:
    state = EndpointState.CONNECTING
    for happened in inputs:
        before = state
        try:
            state = state.after(happened)
        except ProtocolViolation:
            continue
        assert not before.is_over or state is before
