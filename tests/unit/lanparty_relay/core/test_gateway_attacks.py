"""What a gateway, or who wants to be one, may try against the room; driven through `Relay`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from lanparty_ctrl import Disconnect, Hello, Ping, Pong, Reject, Role
from lanparty_obs.codes import SessionEnd
from lanparty_obs.reasons import IngressDrop
from lanparty_proto import BROADCAST, cut, decode
from lanparty_quic.endpoint import ConnectionKey, Received
from lanparty_relay.core import SessionFault
from lanparty_relay.core.learned import LEARNED_LIMIT

if TYPE_CHECKING:
    from tests.unit.lanparty_relay.core.conftest import FakeShell

PRINTER = bytes([0, 0x50, 0x56, 1, 2, 3])
TYPE = b"\x08\x00"


def big_frame(destination: bytes, source: bytes) -> bytes:
    return destination + source + TYPE + bytes(1_500)


def fragments(shell: FakeShell, key: ConnectionKey, frame: bytes) -> list[bytes]:
    """Let a member send a frame in pieces; return what the others get of it."""
    pieces = cut(frame, frame_id=lambda: 7, budget=1_170)
    assert len(pieces) > 1
    before = len(shell.queued)
    for piece in pieces:
        shell.happen(datagrams=[Received(key, [piece])])
    return [payload for _, _, payload in shell.queued[before:]]


def test_a_flood_of_sources_behind_the_gateway_harms_no_player(shell: FakeShell) -> None:
    a, b, gateway = shell.join(1), shell.join(2), shell.join_gateway()
    invent = random.Random(3).randbytes
    flood = [
        shell.mac(1) + b"\x00" + invent(5) + TYPE + bytes(46) for _ in range(2 * LEARNED_LIMIT)
    ]
    assert len(shell.send_frames(gateway, *flood)) == 2 * LEARNED_LIMIT
    (copy,) = shell.send_frames(a, shell.mac(2) + shell.mac(1) + TYPE + bytes(46))
    assert copy[0] == b
    (copy,) = shell.send_frames(a, PRINTER + shell.mac(1) + TYPE + bytes(46))
    assert copy[0] == gateway, "not learned, for want of room, and reached all the same"


def test_a_gateway_that_sends_a_players_address_takes_nothing_from_the_player(
    shell: FakeShell,
) -> None:
    a, b, gateway = shell.join(1), shell.join(2), shell.join_gateway()
    assert shell.send_frames(gateway, BROADCAST + shell.mac(2) + TYPE + bytes(46)) == []
    (copy,) = shell.send_frames(a, shell.mac(2) + shell.mac(1) + TYPE + bytes(46))
    assert copy[0] == b
    shell.say(b, Disconnect(code=SessionEnd.LEFT))
    assert shell.is_member(shell.join(2)), "it was not learned behind the gateway"
    assert shell.total().dropped_ingress[IngressDrop.LOOP] == 1


def test_pieces_of_two_gateways_are_never_pieces_of_one_frame(shell: FakeShell) -> None:
    shell.join(1)
    holder = shell.join_gateway()
    standby = shell.stand_by()
    frame = big_frame(shell.mac(1), PRINTER)
    first, _ = fragments(shell, holder, frame)
    shell.lose(holder)
    _, second = fragments(shell, standby, frame)
    one, other = decode(first), decode(second)
    assert one.frame_id == other.frame_id
    assert one.source != other.source


def test_what_a_gateway_sends_after_it_lost_its_place_goes_nowhere(shell: FakeShell) -> None:
    shell.join(1)
    holder = shell.join_gateway()
    shell.stand_by()
    shell.wait(1)
    shell.fall_silent(holder)
    shell.wait(3)
    assert shell.closed == {holder: SessionEnd.CONNECTION_LOST}
    assert shell.send_frames(holder, BROADCAST + PRINTER + TYPE + bytes(46)) == []
    assert shell.total().dropped_ingress[IngressDrop.BEFORE_WELCOME] == 1


def test_pongs_that_nobody_asked_for_prove_nothing(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    shell.wait(1)
    assert shell.heard(standby, Ping)
    shell.say(standby, *(Pong(nonce=nonce) for nonce in range(50)))
    newcomer = shell.join_gateway()
    shell.say(standby, *(Pong(nonce=ping.nonce) for ping in shell.heard(holder, Ping)))
    assert shell.heard(newcomer, Reject) == []


def test_one_that_waits_and_says_hello_again_loses_its_turn_and_nothing_else(
    shell: FakeShell,
) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    again: Hello = shell.hello(0, role=Role.GATEWAY, mac=None, standby=True)
    shell.say(standby, again)
    assert shell.closed == {standby: SessionEnd.PROTOCOL_ERROR}
    assert shell.relay.session_counts().faults == {SessionFault.SECOND_HELLO: 1}
    shell.wait(5)
    assert shell.is_member(holder)


def test_one_that_waits_and_floods_is_ended(shell: FakeShell) -> None:
    holder = shell.join_gateway()
    standby = shell.stand_by()
    for _ in range(200):
        if standby in shell.closed:
            break
        shell.say(standby, *(Ping(nonce=nonce) for nonce in range(1_000)))
    assert shell.closed == {standby: SessionEnd.PROTOCOL_ERROR}
    assert shell.is_member(holder)


def test_one_that_waits_and_reads_nothing_is_ended(shell: FakeShell) -> None:
    shell.join_gateway()
    standby = shell.stand_by()
    shell.wait(1)
    for pings in range(24):
        shell.backlogs[standby] = 100 * (pings + 1)
        shell.wait(0.5)
    assert shell.closed == {standby: SessionEnd.TOO_SLOW}
