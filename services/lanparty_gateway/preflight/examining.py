"""Finds the facts and has them judged: a shell."""

import asyncio
import socket
from dataclasses import replace
from random import Random
from typing import Final

from lanparty_gateway.preflight.examination import Examination, Wish, can_be_surveyed, judge
from lanparty_gateway.preflight.facts import InterfaceFacts, LanFacts
from lanparty_gateway.preflight.kernel import KernelFacts, read_kernel
from lanparty_gateway.preflight.packet_socket import PacketSocket
from lanparty_gateway.preflight.survey import Survey
from lanparty_gateway.preflight.sysfs import SysFiles
from lanparty_proto import MacAddress

__all__ = ["EXAMINATION_SECONDS", "examine"]

EXAMINATION_SECONDS: Final = 3.2
"""Bridges send a BPDU each 2 s (IEEE 802.1Q-2022 table 13-5), softlan's gateways a probe each
0.5 s; dnsmasq looks for up to 3 s whether an address is free before it offers it."""

_FIRST_OCTET: Final = 0x02
"""Of an address that nobody has: locally administered, unicast (IEEE 802-2014 clause 8.4)."""


async def examine(
    wish: Wish, *, random: Random, seconds: float = EXAMINATION_SECONDS
) -> Examination:
    """Look at the LAN behind an interface. Nothing of it stays, however it ends.

    It sends ARP probes (RFC 5227) and two DHCP DISCOVERs, nothing else. It raises nothing for what
    it finds missing: that is a result. `seconds` is how long it listens. CAP_NET_RAW has to be
    effective for this thread by now.
    """
    files = SysFiles()
    kernel = await read_kernel(wish.interface, vlan=wish.vlan, files=files)
    facts = LanFacts(
        permitted=_is_permitted(),
        others=kernel.others,
        interface=kernel.interface,
        hypervisor=files.hypervisor(),
    )
    interface = kernel.interface
    if interface is not None and interface.mac is not None and can_be_surveyed(wish, facts):
        facts = await _survey(interface, interface.mac, wish, facts, kernel, random, seconds)
        # What was unplugged meanwhile was silent for that reason.
        again = await read_kernel(wish.interface, vlan=wish.vlan, files=files)
        facts = replace(facts, interface=again.interface)
    return judge(wish, facts)


async def _survey(
    interface: InterfaceFacts,
    mac: MacAddress,
    wish: Wish,
    facts: LanFacts,
    kernel: KernelFacts,
    random: Random,
    seconds: float,
) -> LanFacts:
    clock = asyncio.get_running_loop().time
    try:
        packets = PacketSocket(interface.name, index=interface.index)
    except OSError:  # The interface went away while it was looked at.
        return facts
    with packets:
        began_at = clock()
        survey = Survey(
            mac,
            mac_nat=wish.mac_nat,
            vlan=wish.vlan,
            hosts=kernel.hosts,
            nobody=MacAddress(bytes((_FIRST_OCTET,)) + random.randbytes(5)),
            transaction=random.getrandbits(32),
            now=began_at,
        )
        packets.on_frames(survey.receive)
        while (now := clock()) < began_at + seconds:
            packets.send(survey.frames_to_send(now=now))
            deadline = survey.next_deadline()
            until = began_at + seconds if deadline is None else min(deadline, began_at + seconds)
            await asyncio.sleep(max(0.0, until - clock()))
        return survey.report(facts, now=clock())


def _is_permitted() -> bool:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return False
    return True
