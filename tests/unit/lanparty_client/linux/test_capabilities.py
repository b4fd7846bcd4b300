import pytest

from lanparty_client.linux.capabilities import holds_net_admin


@pytest.mark.parametrize(
    ("status", "holds"),
    [
        pytest.param("Name:\tpython\nCapEff:\t000001ffffffffff\n", True, id="root"),
        pytest.param("CapPrm:\t0000000000001000\nCapEff:\t0000000000001000\n", True, id="alone"),
        pytest.param("CapPrm:\t0000000000001000\nCapEff:\t0000000000000000\n", False, id="not yet"),
        pytest.param("CapEff:\t000001ffffffefff\n", False, id="all others"),
        pytest.param("Name:\tpython\n", False, id="not said"),
    ],
)
def test_the_right_is_read_from_the_effective_set(status: str, holds: bool) -> None:
    assert holds_net_admin(status) is holds
