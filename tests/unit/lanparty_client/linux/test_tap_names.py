"""What is decided of a name before the kernel is asked; the rest is in tests/netns."""

import pytest

from lanparty_client.linux.tap import TapPort
from lanparty_client_core.port_error import PortError, PortFault


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "lan 0",
        "lan%d",
        "lan:0",
        "l\u00e4n0",
        "x" * 16,
        "lan*",
        "-lan",
        "lan0\n",
    ],
)
def test_a_name_that_no_interface_can_have_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(PortError, match="as in lan0") as failure:
        TapPort.open(name)
    assert failure.value.fault is PortFault.NAME_INVALID
