"""A relay that was told to leave its players' series out of /metrics."""

import asyncio
from http import HTTPStatus
from ipaddress import IPv4Address

import httpx

from lanparty_proto import MacAddress
from lanparty_sim.player import Player
from lanparty_sim.relay_process import RelayProcess
from lanparty_sim.virtual_host import VirtualHost

LIMIT = 20.0


async def test_no_series_of_a_player_and_those_of_its_room() -> None:
    host = VirtualHost(mac=MacAddress.parse("02:00:00:00:00:01"), address=IPv4Address("10.9.8.7"))
    player = Player(host, name="ann")
    async with RelayProcess("--no-peer-metrics") as relay:
        try:
            await player.join(relay.known_relay(), room_code=None)
            room_id = player.welcome.room_id
            peer = f"/api/v1/rooms/{room_id}/peers/{player.welcome.peer_id}"
            token = relay.token_file.read_text().strip()
            async with (
                httpx.AsyncClient(
                    base_url=relay.admin_url,
                    headers={"Authorization": f"Bearer {token}"},
                    trust_env=False,
                    timeout=LIMIT,
                ) as operator,
                asyncio.timeout(LIMIT),
            ):
                # The admin process hears of a join a moment after the player.
                while (await operator.get(peer)).status_code != HTTPStatus.OK:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                page = (await operator.get("/metrics")).text
        finally:
            await player.leave()
    assert "softlan_relay_peer_metrics 0.0" in page
    assert "softlan_peer_" not in page
    assert f'softlan_room_peers{{room="{room_id}"}} 1.0' in page
