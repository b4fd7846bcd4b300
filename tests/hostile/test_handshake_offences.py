"""Wrong before there is a session: connections begun from many addresses and never made."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from handshake_flood import HandshakeFlood, press_for
from siege import Offence, Siege

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOOD_SECONDS = 4.0


async def handshakes(siege: Siege) -> dict[str, object]:
    token = siege.relay.token_file.read_text(encoding="utf-8").strip()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = await client.get(f"{siege.relay.admin_url}/api/v1/relay")
    shown: dict[str, object] = answer.json()["handshakes"]
    return shown


@pytest.mark.parametrize("proves_addresses", [False, True], ids=["forged", "own"])
async def test_a_flood_from_many_addresses_keeps_nobody_out_who_asks_again(
    siege: Siege, proves_addresses: bool
) -> None:
    def offend(offence: Offence) -> int:
        flood = HandshakeFlood(
            offence.relay, rate=500, half_open=500, proves_addresses=proves_addresses
        )
        with ThreadPoolExecutor(1) as pool:
            flooding = pool.submit(press_for, flood, FLOOD_SECONDS)
            for _ in range(3):
                offence.member().leave()
            return flooding.result()

    offered = await siege.beside(offend, seconds=FLOOD_SECONDS + 3.0)
    assert offered > 500
    seen = await handshakes(siege)
    assert seen["retry"] is True
    assert isinstance(seen["pending"], int)
    assert 0 < seen["pending"] <= 256


async def test_what_a_flood_began_is_given_up(siege: Siege) -> None:
    def offend(offence: Offence) -> int:
        return press_for(HandshakeFlood(offence.relay, rate=100, half_open=100), 1.0)

    await siege.beside(offend, seconds=13.0)
    seen = await handshakes(siege)
    assert seen["pending"] == 0
    failed = seen["failed"]
    assert isinstance(failed, dict)
    assert failed["timeout"] > 0
