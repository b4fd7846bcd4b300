"""Wrong with addresses: moves without end, and strangers who know a connection's id."""

import os
import socket
import time

import pytest
from fast_sender import FastSender, datagram_frame
from frames import ping
from raw_client import RawClient
from siege import Offence, Siege, verdict

from lanparty_proto import encode_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVES = 200


def on_another_port(client: RawClient) -> socket.socket:
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.connect(client.relay)
    return other


async def test_a_member_that_moves_hundreds_of_times_a_second_harms_nobody(siege: Siege) -> None:
    def offend(offence: Offence) -> None:
        client = offence.member()
        sender = FastSender(client)
        for _ in range(MOVES):
            with on_another_port(client) as place:
                for _ in range(5):
                    place.send(sender.seal(ping()))
            client.serve()
            time.sleep(0.002)
        client.send_packet(sender.seal(ping()))
        verdict(client, limit=0.5)

    await siege.beside(offend, seconds=2.5)


async def test_garbage_to_a_known_connection_id_takes_nothing_from_its_owner(siege: Siege) -> None:
    def offend(offence: Offence) -> int:
        receiver, talker = offence.member(), offence.member()
        connection_id = talker.quic._peer_cid.cid  # noqa: SLF001
        frame = receiver.mac + talker.mac + b"\x88\xb6" + bytes(60)
        with on_another_port(talker) as stranger:
            for _ in range(100):
                for _ in range(40):
                    stranger.send(b"\x40" + connection_id + os.urandom(100))
                talker.send_frame(frame)
                talker.serve()
                receiver.serve()
                time.sleep(0.01)
        receiver.wait(0.3)
        for client in (receiver, talker):
            client.leave()
        return receiver.arrived

    assert await siege.beside(offend, seconds=3.0) >= 95


async def test_a_strangers_copies_of_a_members_packets_dont_move_its_session(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> int:
        receiver, talker = offence.member(), offence.member()
        sender = FastSender(talker)
        frame = datagram_frame(encode_whole(receiver.mac + talker.mac + b"\x88\xb6" + bytes(60)))
        with on_another_port(talker) as stranger:
            for _ in range(100):
                packet = sender.seal(frame)
                sender.send([packet])
                for _ in range(10):
                    stranger.send(packet)
                talker.serve()
                receiver.serve()
                time.sleep(0.01)
        receiver.wait(0.3)
        for client in (receiver, talker):
            client.leave()
        return receiver.arrived

    # Each frame once: a copy is not a frame.
    assert 95 <= await siege.beside(offend, seconds=3.0) <= 100


async def test_packets_from_many_addresses_to_no_connection_are_dropped_in_silence(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> int:
        answers = 0
        for number in range(200):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((f"127.8.{number}.1", 0))
                stranger.connect(offence.relay)
                stranger.setblocking(False)
                for _ in range(20):
                    stranger.send(b"\x40" + os.urandom(200))
                time.sleep(0.002)
                try:
                    answers += len(stranger.recv(2_048)) > 0
                except BlockingIOError:
                    continue
        return answers

    assert await siege.beside(offend, seconds=2.0) == 0
