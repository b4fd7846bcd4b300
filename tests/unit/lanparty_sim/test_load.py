import pickle

import pytest

from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_ctrl import RoomCode
from lanparty_proto import BROADCAST
from lanparty_quic import PinnedKey
from lanparty_sim.load import result_of
from lanparty_sim.load_worker import LoadFailedError, LoadPlan, LoadTally, Share
from lanparty_sim.settings import LoadCast


def plan(cast: LoadCast, *, players: int = 4) -> LoadPlan:
    return LoadPlan(
        relay=KnownRelay(RelayAddress("relay.example"), PinnedKey("sha256:" + "A" * 43)),
        room_code=RoomCode("ABCDE"),
        create=False,
        players=players,
        processes=2,
        frame_size=1_000,
        rate=50.0,
        seconds=2.0,
        cast=cast,
    )


def tally(*, delivered: int) -> LoadTally:
    return LoadTally(unsent=1, delivered=delivered, latencies={0: delivered})


@pytest.mark.parametrize(
    ("cast", "expected"), [(LoadCast.UNICAST, 400), (LoadCast.BROADCAST, 1_200)]
)
def test_loss_is_measured_against_the_copies_that_should_arrive(
    cast: LoadCast, expected: int
) -> None:
    half = expected // 4
    result = result_of(plan(cast), [tally(delivered=half), tally(delivered=half)])
    assert result.offered == 400
    assert result.expected == expected
    assert result.delivered == expected // 2
    assert result.loss == pytest.approx(0.5)
    assert result.delivered_per_second == expected / 4
    assert result.unsent == 2
    assert result.latency_p50 == pytest.approx(1e-6)


def test_a_run_in_which_nothing_arrived_has_no_latency() -> None:
    result = result_of(plan(LoadCast.UNICAST), [tally(delivered=0)])
    assert (result.loss, result.latency_p50, result.latency_p99) == (1.0, None, None)


def test_unicast_goes_around_and_broadcast_to_all() -> None:
    def share(cast: LoadCast) -> Share:
        return Share(
            plan=plan(cast),
            mac_prefix=b"\x02\x5b\x00\x00",
            numbers=range(4),
            room_code=None,
            create=True,
        )

    around = share(LoadCast.UNICAST)
    assert [around.destination(number) for number in range(4)] == [
        around.mac(number) for number in (1, 2, 3, 0)
    ]
    assert share(LoadCast.BROADCAST).destination(0) == BROADCAST


def test_a_failure_crosses_from_process_to_process() -> None:
    failure = pickle.loads(pickle.dumps(LoadFailedError("The room is full.", 5)))
    assert isinstance(failure, LoadFailedError)
    assert (str(failure), failure.exit_code) == ("The room is full.", 5)
