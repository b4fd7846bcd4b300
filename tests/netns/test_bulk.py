"""Much at once: iperf3 over TCP and UDP, and a large file that comes as it was sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_client import Pair
from traffic import Transfer

FILE_SIZE = 200_000_000
FILE_LIMIT = 150.0

LEAST_TCP_RATE = 2e6
"""In bits a second: that it works; `make bench-tap` says how fast."""

UDP_RATE = 200
"""Packets a second: as a game's, which no slow machine has to lose."""

Iperf3 = Callable[..., Any]  # Any: its JSON


@pytest.fixture
def iperf3(pair: Pair, tool: Callable[[str, str], str], tmp_path: Path) -> Iperf3:
    """Run it from ann to a server of bob's, or back with --reverse; return its report."""
    program = tool("iperf3", "iperf3")

    def measure(*options: str) -> Any:
        with pair.bob.machine.start(
            program, "-s", "-1", "--forceflush", log=tmp_path / "server.log"
        ) as server:
            server.wait_for_text("Server listening", limit=5)
            report = json.loads(
                pair.ann.machine.run(
                    program, "-J", "-c", pair.bob.address, *options, check=False, limit=40
                )
            )
        assert "error" not in report, report
        return report

    return measure


@pytest.mark.parametrize("options", [(), ("--reverse",)], ids=["there", "back"])
def test_tcp_goes_both_ways(iperf3: Iperf3, options: tuple[str, ...]) -> None:
    report = iperf3("-t3", *options)
    assert report["end"]["sum_received"]["bits_per_second"] > LEAST_TCP_RATE


def test_tcp_goes_both_ways_at_once(iperf3: Iperf3) -> None:
    end = iperf3("-t4", "--bidir")["end"]
    assert end["sum_received"]["bits_per_second"] > LEAST_TCP_RATE
    assert end["sum_received_bidir_reverse"]["bits_per_second"] > LEAST_TCP_RATE


def test_a_games_small_packets_arrive(iperf3: Iperf3) -> None:
    total = iperf3("-u", "-t3", "-l128", f"-b{UDP_RATE * 128 * 8}")["end"]["sum"]
    assert total["packets"] > UDP_RATE
    assert total["lost_percent"] < 1


@pytest.mark.slow
@pytest.mark.timeout(FILE_LIMIT + 30)
def test_a_file_of_200_mb_comes_as_it_was_sent(pair: Pair) -> None:
    file = Transfer(pair.ann.machine, pair.bob.machine, pair.bob.address, size=FILE_SIZE)
    file.finish(limit=FILE_LIMIT)
    assert file.received == FILE_SIZE
    assert file.is_intact
