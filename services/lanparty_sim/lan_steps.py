"""The scenario's steps with a gateway: a room and a real LAN are one segment.

On the LAN runs `lanparty-sim lan-host`; the gateway is whatever joins the room as one. The LAN's
network is learned from what its host tells by broadcast, and the players take addresses of it.
"""

import asyncio
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import count
from typing import Final

from lanparty_ctrl import Role
from lanparty_ethernet import (
    DHCP_CLIENT_PORT,
    DHCP_SERVER_PORT,
    ETHERTYPE_IPV4,
    PROTOCOL_UDP,
    DhcpKind,
    DhcpMessage,
    DhcpOption,
    Ipv4Packet,
    PacketError,
    UdpDatagram,
)
from lanparty_proto import BROADCAST, EthernetError, MacAddress, parse_ethernet
from lanparty_sim.conservation import require_room_conserves
from lanparty_sim.lan_messages import (
    LAN_PORT,
    Announcement,
    LanAnswer,
    LanMessageError,
    LanRequest,
    read_message,
)
from lanparty_sim.player import Player, wait_until
from lanparty_sim.stage import ANSWER_LIMIT, Stage, require
from lanparty_sim.steps import Step, StepFailedError

__all__ = ["LAN_STEPS"]

_GUEST: Final = "guest"
_ROGUE: Final = "rogue"
_ASK_TIMES: Final = 3
_ALL: Final = IPv4Address("255.255.255.255")
_numbers: Final = count(1)


async def _gateway_and_lan_are_there(stage: Stage) -> str:
    room_code = stage.lan_room
    assert room_code is not None, "these steps are for a stage with a LAN"
    guest = await stage.join(_GUEST, room_code=room_code, create=True)
    await wait_until(
        lambda: any(member.role is Role.GATEWAY for member in guest.members.values()),
        [guest],
        limit=stage.lan_patience,
    )
    gateways = [member for member in guest.members.values() if member.role is Role.GATEWAY]
    require(bool(gateways), f"no gateway came into the room within {stage.lan_patience:g} s")
    players = (guest, await stage.join(_ROGUE, room_code=room_code))
    for player in players:
        await wait_until(lambda: _announced(player) is not None, [player], limit=ANSWER_LIMIT)  # noqa: B023
    network = _lan_host(guest).network
    addresses = await asyncio.gather(*(_free_address(guest, network, each) for each in (2, 3)))
    for player, address in zip(players, addresses, strict=True):
        player.host.address = address
    return f"{gateways[0].name} bridges {network}"


async def _free_address(player: Player, network: IPv4Network, from_above: int) -> IPv4Address:
    """Take an address that nobody has, near the end of the network: Docker begins at its start."""
    address = network.broadcast_address - from_above
    require(await player.resolve(address) is None, f"somebody on the LAN has {address}")
    return address


async def _host_answers(stage: Stage) -> str:
    guest = stage[_GUEST]
    host = _lan_host(guest).ip
    require(await guest.resolve(host) is not None, f"{host} doesn't answer ARP")
    seconds = await guest.ping(host)
    require(seconds is not None, f"{host} doesn't answer pings")
    return f"{host}, {(seconds or 0) * 1_000:.1f} ms"


async def _host_reaches_player(stage: Stage) -> str:
    guest = stage[_GUEST]
    answer = await _ask(guest, ping=guest.host.address)
    require(answer.seconds is not None, f"{guest.host.address} didn't answer the LAN's host")
    return f"{guest.host.address}, {(answer.seconds or 0) * 1_000:.1f} ms"


async def _broadcast_reaches_host(stage: Stage) -> str:
    answer = await _ask(stage[_GUEST], broadcast=True)
    return f"request {answer.number} answered"


async def _offer_stays_outside(stage: Stage) -> str:
    guest, rogue = stage[_GUEST], stage[_ROGUE]
    before = await _ask(rogue)
    require(before.hears_offers, "the LAN's host doesn't even hear its own")
    host = _lan_host(guest).ip
    mac = guest.host.neighbours[host]
    for destination, address in ((BROADCAST, _ALL), (mac, host)):
        rogue.send(_offer(rogue, destination, address))
    shouted = _offer(rogue, BROADCAST, _ALL)
    require(
        await wait_until(lambda: guest.host.count(shouted) == 1, [guest], limit=ANSWER_LIMIT),
        "the room didn't hear the offer either",
    )
    # A frame keeps its place on the way: what is answered now came after the offers.
    after = await _ask(rogue)
    require(after.offers == before.offers, f"{after.offers - before.offers} offers came to the LAN")
    return "heard in the room, not on the LAN"


async def _counters_conserve(stage: Stage) -> str:
    api, guest, rogue = stage.require_api(), stage[_GUEST], stage[_ROGUE]
    # The LAN never falls silent, so what the players counted is ahead of what the relay tells.
    peers = {peer_id: member.name for peer_id, member in guest.members.items()}
    peers[guest.welcome.peer_id] = guest.name
    room = await require_room_conserves(api, guest.welcome.room_id, players=[], others=peers)
    await stage.leave(rogue.name)
    await stage.leave(guest.name)
    return f"{len(peers)} peers, {room.received} received, {room.sent} sent"


# What is said over UDP.


def _announced(player: Player) -> IPv4Interface | None:
    """Return the LAN's host by its latest broadcast that the player recorded."""
    for message, _ in _messages(player):
        if isinstance(message, Announcement):
            return message.interface
    return None


def _lan_host(player: Player) -> IPv4Interface:
    found = _announced(player)
    if found is None:
        raise StepFailedError(f"no broadcast of the LAN's host came to {player.name}")
    return found


async def _ask(
    player: Player, *, ping: IPv4Address | None = None, broadcast: bool = False
) -> LanAnswer:
    """Ask the LAN's host, again while it doesn't answer; fail the step in the end."""
    host = _lan_host(player).ip
    mac = await player.resolve(host)
    if mac is None:
        raise StepFailedError(f"{host} doesn't answer ARP")
    number = next(_numbers)
    payload = LanRequest(number, ping).encode()
    frame = _datagram(
        player,
        BROADCAST if broadcast else mac,
        _ALL if broadcast else host,
        ports=(LAN_PORT, LAN_PORT),
        payload=payload,
    )

    def answer() -> LanAnswer | None:
        for message, source in _messages(player):
            if isinstance(message, LanAnswer) and message.number == number and source == host:
                return message
        return None

    for _ in range(_ASK_TIMES):
        player.send(frame)
        await wait_until(lambda: answer() is not None, [player], limit=ANSWER_LIMIT)
        if found := answer():
            return found
    raise StepFailedError(f"{host} didn't answer")


def _messages(
    player: Player,
) -> list[tuple[Announcement | LanRequest | LanAnswer, IPv4Address]]:
    """Read what the player recorded of these messages, and from whom; the latest first."""
    found = []
    for frame in reversed(player.host.recorded()):
        try:
            header = parse_ethernet(memoryview(frame))
            if header.ethertype != ETHERTYPE_IPV4:
                continue
            packet = Ipv4Packet.parse(header.payload)
            if packet.protocol != PROTOCOL_UDP or packet.is_fragment:
                continue
            datagram = UdpDatagram.parse(
                packet.payload, source=packet.source, destination=packet.destination
            )
            if datagram.destination_port == LAN_PORT:
                found.append((read_message(bytes(datagram.payload)), packet.source))
        except (EthernetError, PacketError, LanMessageError):
            continue
    return found


def _offer(player: Player, destination: MacAddress, address: IPv4Address) -> bytes:
    """Make the offer of a DHCP server that nobody asked for."""
    offer = DhcpMessage(
        kind=DhcpKind.OFFER,
        transaction=0x50F71A11,
        client_mac=destination,
        from_server=True,
        your_address=player.host.address + 1,
        options={DhcpOption.SERVER: player.host.address.packed},
    )
    return _datagram(
        player,
        destination,
        address,
        ports=(DHCP_SERVER_PORT, DHCP_CLIENT_PORT),
        payload=offer.encode(),
    )


def _datagram(
    player: Player,
    destination: MacAddress,
    address: IPv4Address,
    *,
    ports: tuple[int, int],
    payload: bytes,
) -> bytes:
    source = player.host.address
    udp = UdpDatagram(*ports, payload).encode(source=source, destination=address)
    packet = Ipv4Packet(source=source, destination=address, protocol=PROTOCOL_UDP, payload=udp)
    return player.host.frame(destination, packet.encode(), ethertype=ETHERTYPE_IPV4)


LAN_STEPS: Final[tuple[Step[Stage], ...]] = (
    Step(
        "a gateway brings a LAN's broadcasts into its room", _gateway_and_lan_are_there, vital=True
    ),
    Step("the LAN's host answers a player's ARP and ping", _host_answers, vital=True),
    Step("the LAN's host finds and pings the player", _host_reaches_player),
    Step("a player's broadcast reaches the LAN's host", _broadcast_reaches_host),
    Step("a DHCP server of the room is heard there, and not on the LAN", _offer_stays_outside),
    Step("the counters of the gateway's room conserve", _counters_conserve),
)
