import pytest

from lanparty_ctrl import (
    ENDPOINT_TABLE,
    RELAY_TABLE,
    EndpointInput,
    EndpointState,
    Message,
    Ping,
    Pong,
    ProtocolViolation,
    Reject,
    RelayInput,
    RelayState,
    RoomReady,
    Stats,
    Waiting,
    input_of,
    render_mermaid,
)
from lanparty_obs import SessionEnd, TunnelCounters


def relay_after(*inputs: RelayInput) -> RelayState:
    state = RelayState.AWAITING_HELLO
    for happened in inputs:
        state = state.after(happened)
    return state


def endpoint_after(*inputs: EndpointInput) -> EndpointState:
    state = EndpointState.CONNECTING
    for happened in inputs:
        state = state.after(happened)
    return state


def test_a_hello_that_is_admitted_makes_a_member() -> None:
    assert relay_after(RelayInput.HELLO, RelayInput.ADMIT) is RelayState.MEMBER


def test_a_second_hello_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation, match="hello in state member") as violation:
        relay_after(RelayInput.HELLO, RelayInput.ADMIT, RelayInput.HELLO)
    assert violation.value.code is SessionEnd.PROTOCOL_ERROR


@pytest.mark.parametrize("early", [RelayInput.STATS, RelayInput.PING, RelayInput.DISCONNECT])
def test_only_hello_may_come_first(early: RelayInput) -> None:
    with pytest.raises(ProtocolViolation):
        relay_after(early)


def test_a_probed_holder_that_is_silent_lets_the_decision_fall_again() -> None:
    probing = (RelayInput.HELLO, RelayInput.PROBE)
    assert relay_after(*probing) is RelayState.PROBING
    assert relay_after(*probing, RelayInput.TIMEOUT, RelayInput.ADMIT) is RelayState.MEMBER
    assert relay_after(*probing, RelayInput.REJECT) is RelayState.CLOSED


def test_who_waits_for_a_decision_may_give_up_politely() -> None:
    for waiting in (RelayInput.PROBE, RelayInput.STAND_BY):
        assert relay_after(RelayInput.HELLO, waiting, RelayInput.DISCONNECT) is RelayState.CLOSED


@pytest.mark.parametrize("state", [state for state in RelayState if not state.is_over])
def test_the_relay_can_end_every_open_session(state: RelayState) -> None:
    assert state.after(RelayInput.END) is RelayState.CLOSED
    assert state.after(RelayInput.CLOSED) is RelayState.CLOSED


def test_an_endpoint_joins_when_every_member_is_named() -> None:
    entering = (EndpointInput.CONNECTED, EndpointInput.WELCOME, EndpointInput.PEER_JOINED)
    assert endpoint_after(*entering) is EndpointState.ENTERING
    assert endpoint_after(*entering, EndpointInput.ROOM_READY) is EndpointState.JOINED


def test_a_relay_that_welcomes_twice_breaks_the_protocol() -> None:
    with pytest.raises(ProtocolViolation):
        endpoint_after(EndpointInput.CONNECTED, EndpointInput.WELCOME, EndpointInput.WELCOME)


def test_a_standby_gateway_is_welcomed_when_its_place_is_free() -> None:
    waiting = (EndpointInput.CONNECTED, EndpointInput.WAITING)
    assert endpoint_after(*waiting) is EndpointState.WAITING
    assert endpoint_after(*waiting, EndpointInput.WELCOME) is EndpointState.ENTERING


@pytest.mark.parametrize("state", [state for state in EndpointState if not state.is_over])
def test_an_endpoint_can_leave_give_up_and_lose_its_connection_everywhere(
    state: EndpointState,
) -> None:
    assert state.after(EndpointInput.LEAVE) is EndpointState.LEFT
    assert state.after(EndpointInput.FAIL) is EndpointState.DISCONNECTED
    assert state.after(EndpointInput.CLOSED) is EndpointState.DISCONNECTED


def test_what_was_under_way_at_the_end_changes_nothing() -> None:
    assert RelayState.CLOSED.after(RelayInput.STATS) is RelayState.CLOSED
    assert EndpointState.LEFT.after(EndpointInput.PEER_JOINED) is EndpointState.LEFT


@pytest.mark.parametrize(
    ("message", "relay", "endpoint"),
    [
        (Ping(nonce=1), RelayInput.PING, EndpointInput.PING),
        (Pong(nonce=1), RelayInput.PONG, EndpointInput.PONG),
        (Stats(counters=TunnelCounters()), RelayInput.STATS, EndpointInput.STATS),
        (RoomReady(), None, EndpointInput.ROOM_READY),
        (Waiting(), None, EndpointInput.WAITING),
        (Reject(code=SessionEnd.ROOM_FULL), None, EndpointInput.REJECT),
    ],
)
def test_a_message_is_an_input_only_for_the_side_that_may_get_it(
    message: Message, relay: RelayInput | None, endpoint: EndpointInput
) -> None:
    assert input_of(message, EndpointInput) is endpoint
    if relay is None:
        with pytest.raises(ProtocolViolation, match=message.type):
            input_of(message, RelayInput)
    else:
        assert input_of(message, RelayInput) is relay


def test_a_diagram_shows_beginning_transitions_and_end() -> None:
    diagram = render_mermaid(RELAY_TABLE).splitlines()
    assert diagram[:2] == ["stateDiagram-v2", "    [*] --> awaiting_hello"]
    assert "    member --> member: prefixes, stats, ping, pong" in diagram
    assert diagram[-1] == "    closed --> [*]"
    assert "    left --> [*]" in render_mermaid(ENDPOINT_TABLE).splitlines()


def test_only_a_member_says_which_prefixes_came_into_use() -> None:
    assert relay_after(RelayInput.HELLO, RelayInput.ADMIT, RelayInput.PREFIXES) is RelayState.MEMBER
    with pytest.raises(ProtocolViolation, match="prefixes in state awaiting_hello"):
        relay_after(RelayInput.PREFIXES)


def test_a_new_lease_may_come_from_the_welcome_on() -> None:
    welcomed = (EndpointInput.CONNECTED, EndpointInput.WELCOME)
    assert endpoint_after(*welcomed, EndpointInput.LEASE) is EndpointState.ENTERING
    joined = endpoint_after(*welcomed, EndpointInput.ROOM_READY, EndpointInput.LEASE)
    assert joined is EndpointState.JOINED
