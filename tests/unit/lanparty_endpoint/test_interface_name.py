"""Which names of interfaces are taken, and what is said of the others."""

import pytest
from pydantic import TypeAdapter, ValidationError

from lanparty_endpoint.interface_name import InterfaceName

NAMES = TypeAdapter(InterfaceName)


@pytest.mark.parametrize("name", ["eth0", "enx00e04c680001", "br-lan", "eth0.10", "wlp0s20f3"])
def test_names_that_the_kernel_gives_are_taken(name: str) -> None:
    assert NAMES.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "eth0:1", "a name", "../eth0", "sixteen-letters-"])
def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="can't be an interface's name"):
        NAMES.validate_python(name)


@pytest.mark.parametrize("name", ["lo", "all", "default", "."])
def test_names_of_the_kernels_own_are_refused_for_what_they_are(name: str) -> None:
    with pytest.raises(ValidationError, match="leads to no network of others"):
        NAMES.validate_python(name)
