"""The end-to-end scenario: what a room must do, from the first join to the last leave.

One definition for the tests, for `make demo` and for every deployment: `SCENARIO` is the list of
its steps, in the order in which they are run on one `Stage`. Without the admin API the steps that
read it are skipped. Where bystanders or a gateway's LAN are expected, their steps follow.
"""

import dataclasses
import statistics
from collections.abc import Sequence, Set
from typing import Final

from lanparty_ctrl import Role, RoomCode
from lanparty_obs.codes import SessionEnd
from lanparty_proto import BROADCAST
from lanparty_quic import PinnedKey
from lanparty_sim.bystanders import BYSTANDER_STEPS
from lanparty_sim.conservation import imbalance, poll_until, require_room_conserves
from lanparty_sim.lan_steps import LAN_STEPS
from lanparty_sim.player import Player
from lanparty_sim.stage import ANSWER_LIMIT, Stage, require
from lanparty_sim.steps import Step, StepSkippedError

__all__ = ["SCENARIO", "steps_for"]

_FRAMES: Final = range(14, 1_514 + 1)
_TAGGED_FRAMES: Final = range(18, 1_518 + 1)
_CLIENTS: Final = ("alice", "bob", "carol")


async def _all_join(stage: Stage) -> str:
    alice = await stage.join("alice", room_code=stage.room_wanted, create=True)
    require(not alice.members, "the room is in use: name another by --room, or none")
    for name in ("bob", "carol"):
        await stage.join(name, room_code=stage.room_code)
    gateway = await stage.join("gateway", role=Role.GATEWAY, room_code=stage.room_code)
    ids = {player.welcome.peer_id for player in stage.inside}
    require(len(ids) == 4 and 0 not in ids, f"peer ids {sorted(ids)}")
    require(gateway.welcome.room_id == alice.welcome.room_id, "two rooms for one code")
    return f"room {stage.room_id}, MTU {alice.welcome.mtu}"


async def _all_see_each_other(stage: Stage) -> str:
    expected = {player.welcome.peer_id: player for player in stage.inside}
    for player in stage.inside:
        others = expected.keys() - {player.welcome.peer_id}

        def knows_them(player: Player = player, others: Set[int] = others) -> bool:
            return player.members.keys() == others

        await stage.until(knows_them, f"{player.name} doesn't see peers {sorted(others)}")
        for peer_id, member in player.members.items():
            known = expected[peer_id]
            require(
                (member.name, member.role, member.mac) == (known.name, known.role, known.mac),
                f"{player.name} sees {member.name} as somebody else",
            )
    return "3 others each, with name, role and MAC"


async def _second_room_opens(stage: Stage) -> str:
    outsider = await stage.join("outsider", room_code=None, create=True)
    require(outsider.welcome.room_id != stage.room_id, "it is the same room")
    require(not outsider.members, "the outsider sees members")
    return f"room {outsider.welcome.room_id}"


async def _arp(stage: Stage) -> str:
    async def resolve(one: Player, other: Player) -> bool:
        return await one.resolve(other.host.address) == other.host.mac

    return f"{await stage.between_all_pairs(resolve, 'ARP')} pairs"


async def _ping(stage: Stage) -> str:
    times: list[float] = []

    async def ping(one: Player, other: Player) -> bool:
        seconds = await one.ping(other.host.address)
        times.append(seconds or 0.0)
        return seconds is not None

    pairs = await stage.between_all_pairs(ping, "ping")
    return f"{pairs} pairs, median {statistics.median(times) * 1_000:.1f} ms"


async def _broadcast(stage: Stage) -> str:
    frames = {
        player.name: player.host.frame(BROADCAST, f"hello from {player.name}".encode())
        for player in stage.inside
    }
    async with stage.recorded():
        for player in stage.inside:
            player.send(frames[player.name])
    for name, frame in frames.items():
        expected = {player.name: 1 for player in stage.inside if player.name != name}
        heard = stage.heard_by(frame)
        require(heard == expected, f"{name}'s broadcast was heard by {heard}")
    return f"{len(frames)} broadcasts, {len(frames) - 1} copies each"


async def _known_unicast(stage: Stage) -> str:
    sent: list[tuple[str, bytes]] = []
    async with stage.recorded():
        for one in stage.inside:
            for other in stage.inside:
                if one is not other:
                    frame = one.host.frame(other.host.mac, f"{one.name}, {other.name}".encode())
                    sent.append((other.name, frame))
                    one.send(frame)
    for owner, frame in sent:
        heard = stage.heard_by(frame)
        require(heard == {owner: 1}, f"a frame for {owner} was heard by {heard}")
    return f"{len(sent)} frames"


async def _unknown_unicast(stage: Stage) -> str:
    frames = [stage[name].host.frame(stage.mac(200), name.encode()) for name in _CLIENTS]
    async with stage.recorded():
        for name, frame in zip(_CLIENTS, frames, strict=True):
            stage[name].send(frame)
    for frame in frames:
        heard = stage.heard_by(frame)
        require(heard == {"gateway": 1}, f"heard by {heard}")
    return f"{len(frames)} frames"


async def _every_length(stage: Stage) -> str:
    return await stage.sweep(stage["alice"], stage["bob"], lengths=_FRAMES, tag=None)


async def _every_tagged_length(stage: Stage) -> str:
    return await stage.sweep(stage["gateway"], stage["carol"], lengths=_TAGGED_FRAMES, tag=100)


async def _second_room_heard_nothing(stage: Stage) -> str:
    outsider = stage["outsider"]
    shout = outsider.host.frame(BROADCAST, b"is anybody there?")
    async with stage.recorded():
        outsider.send(shout)
    require(not stage.heard_by(shout), f"its broadcast was heard by {stage.heard_by(shout)}")
    heard = outsider.session.counters().datagrams_received
    require(heard == 0, f"it heard {heard} datagrams")
    require(not outsider.members, "it sees members of the first room")
    await stage.leave("outsider")
    return "0 datagrams, either way"


async def _duplicate_mac(stage: Stage) -> str:
    ended = await stage.require_refusal(
        SessionEnd.MAC_IN_USE, room_code=stage.room_code, host=stage["alice"].host
    )
    return ended.code.value


async def _second_gateway(stage: Stage) -> str:
    ended = await stage.require_refusal(
        SessionEnd.GATEWAY_PRESENT, room_code=stage.room_code, role=Role.GATEWAY
    )
    return ended.code.value


async def _mistyped_code(stage: Stage) -> str:
    code = stage.room_code
    typo = RoomCode.parse(("3" if code[0] == "2" else "2") + code[1:])
    ended = await stage.require_refusal(SessionEnd.ROOM_UNKNOWN, room_code=typo)
    return ended.code.value


async def _wrong_pin(stage: Stage) -> str:
    if not isinstance(stage.relay.trust, PinnedKey):
        raise StepSkippedError("needs --pin")
    stranger = dataclasses.replace(stage.relay, trust=PinnedKey("sha256:" + "A" * 43))
    ended = await stage.require_refusal(SessionEnd.PIN, room_code=stage.room_code, relay=stranger)
    return ended.code.value


async def _leave_and_rejoin(stage: Stage) -> str:
    old = await stage.leave("carol")
    old_id = old.welcome.peer_id
    await stage.until(
        lambda: all(old_id not in player.members for player in stage.inside),
        "somebody still sees carol",
    )
    new = await stage.join("carol", room_code=stage.room_code, host=old.host)
    new_id = new.welcome.peer_id
    require(new_id != old_id, "the peer id was given again at once")
    await stage.until(
        lambda: all(new is player or new_id in player.members for player in stage.inside),
        "somebody doesn't see carol again",
    )
    seconds = await stage["alice"].ping(new.host.address)
    require(seconds is not None, "no ping after the rejoin")
    return f"peer {old_id} left, peer {new_id} joined"


async def _resume(stage: Stage) -> str:
    stale = stage["bob"]
    fresh = await stage.join(
        "bob",
        room_code=stage.room_code,
        host=stale.host,
        resume_token=stale.welcome.resume_token,
    )
    require(fresh.welcome.resumed, "the relay took the token for a new join")
    require(
        fresh.welcome.peer_id == stale.welcome.peer_id,
        f"peer {stale.welcome.peer_id} became {fresh.welcome.peer_id}",
    )
    require(fresh.welcome.resume_token != stale.welcome.resume_token, "the token wasn't renewed")
    ended = await stale.until_over(limit=ANSWER_LIMIT)
    await stale.leave()
    require(
        ended is not None and ended.code is SessionEnd.REPLACED,
        f"the stale session ended with {ended and ended.code}",
    )
    require(await stage["alice"].ping(fresh.host.address) is not None, "no ping after the resume")
    return f"still peer {fresh.welcome.peer_id}, the stale session was {SessionEnd.REPLACED}"


async def _kick(stage: Stage) -> str:
    api = stage.require_api()
    dave = await stage.join("dave", room_code=stage.room_code)
    dave_id = dave.welcome.peer_id
    try:
        await poll_until(lambda: api.knows_peer(stage.room_id, dave_id), "dave is not listed")
        await api.kick(stage.room_id, dave_id)
        ended = await dave.until_over(limit=ANSWER_LIMIT)
    finally:
        await stage.leave("dave")  # The steps to come count who is in the room.
    require(
        ended is not None and ended.code is SessionEnd.KICKED,
        f"dave's session ended with {ended and ended.code}",
    )
    return SessionEnd.KICKED.value


async def _gateway_leaves(stage: Stage) -> str:
    gateway = await stage.leave("gateway")
    peer_id = gateway.welcome.peer_id
    await stage.until(
        lambda: all(peer_id not in player.members for player in stage.inside),
        "somebody still sees the gateway",
    )
    require(len(stage.inside) == 3, "a client went with it")

    async def ping(one: Player, other: Player) -> bool:
        return await one.ping(other.host.address) is not None

    return f"{await stage.between_all_pairs(ping, 'ping')} pairs still ping"


async def _counters_conserve(stage: Stage) -> str:
    api = stage.require_api()
    room = await require_room_conserves(api, stage.room_id, players=stage.inside, others={})
    return f"{room.received} received, {room.chosen} copies, {room.sent} sent"


async def _last_leave(stage: Stage) -> str:
    room_id, room_code = stage.room_id, stage.room_code
    for name in _CLIENTS:
        await stage.leave(name)
    await stage.require_refusal(SessionEnd.ROOM_UNKNOWN, room_code=room_code)
    api = stage.api
    if api is None:
        return "its code is unknown"

    async def gone() -> bool:
        return await api.room(room_id) is None

    await poll_until(gone, "the API still lists it")
    return "its code is unknown, the API lists it no more"


async def _relay_conserves(stage: Stage) -> str:
    api = stage.require_api()

    async def settled() -> bool:
        return not (await api.relay()).queued

    await poll_until(settled, "copies stay queued")
    relay = await api.relay()
    require(not imbalance(relay), f"relay: {imbalance(relay)}")
    dropped_in, dropped_out = relay.dropped_ingress.values(), relay.dropped_egress.values()
    return (
        f"{relay.received} in, {sum(dropped_in)} of them dropped; "
        f"{relay.chosen} copies, {sum(dropped_out)} of them dropped"
    )


SCENARIO: Final[tuple[Step[Stage], ...]] = (
    Step("three players and a gateway join one room", _all_join, vital=True),
    Step("each is told of the three others", _all_see_each_other),
    Step("a second room opens beside it", _second_room_opens, vital=True),
    Step("ARP answers between all pairs", _arp, vital=True),
    Step("ping answers between all pairs", _ping),
    Step("a broadcast reaches all but its sender, exactly once", _broadcast),
    Step("a known unicast reaches only its owner", _known_unicast),
    Step("an unknown unicast reaches only the gateway", _unknown_unicast),
    Step("frames of every length 14..1514 arrive bit for bit", _every_length),
    Step("tagged frames of every length 18..1518 arrive bit for bit", _every_tagged_length),
    Step("the second room hears nothing of it", _second_room_heard_nothing),
    Step("a duplicate MAC is rejected", _duplicate_mac),
    Step("a second gateway is rejected", _second_gateway),
    Step("a typo in the code names no room", _mistyped_code),
    Step("a player with the wrong pin says nothing to the relay", _wrong_pin),
    Step("a leave lets the same MAC rejoin", _leave_and_rejoin, vital=True),
    Step("a resumed session keeps its peer id", _resume, vital=True),
    Step("a player kicked through the API reads the reason", _kick),
    Step("the gateway leaves and the clients stay", _gateway_leaves, vital=True),
    Step("every peer's and the room's counters conserve", _counters_conserve),
    Step("the last leave removes the room", _last_leave),
    Step("the relay's counters conserve", _relay_conserves),
)


def steps_for(stage: Stage) -> Sequence[Step[Stage]]:
    """Return the scenario's steps, and those with bystanders or a LAN where the stage has them."""
    steps = SCENARIO
    if stage.bystanders is not None:
        steps += BYSTANDER_STEPS
    if stage.lan_room is not None:
        steps += LAN_STEPS
    return steps
