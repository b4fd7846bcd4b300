"""What setup-host remembers of an interface."""

import json

from lanparty_gateway.host.picture import HostAddress, HostPicture, HostRoute, moved

PICTURE = HostPicture(
    name="eth0",
    mac="02:00:00:00:00:01",
    mtu=1500,
    is_ethernet=True,
    is_up=True,
    addresses=(
        HostAddress(family=2, address="192.168.1.5", prefix_length=24, label="eth0:1"),
        HostAddress(family=10, address="fd00::5", prefix_length=64, preferred=30, valid=60),
    ),
    routes=(
        HostRoute(family=2, destination="default", gateway="192.168.1.1", metric=100),
        HostRoute(family=2, destination="10.0.0.0/8", metrics=(("mtu", 1400),)),
    ),
    settings={"ipv6/conf/{}/accept_ra": "2"},
)


def test_it_comes_back_from_json_as_it_was() -> None:
    assert HostPicture.from_dict(json.loads(json.dumps(PICTURE.to_dict()))) == PICTURE


def test_a_label_takes_the_name_of_the_new_interface() -> None:
    labelled, unlabelled = PICTURE.addresses
    assert moved(labelled, old="eth0", new="slbr0").label == "slbr0:1"
    assert moved(unlabelled, old="eth0", new="slbr0") == unlabelled


def test_a_label_that_becomes_too_long_is_cut() -> None:
    long = HostAddress(family=2, address="10.0.0.1", prefix_length=8, label="lan:a-very-long")
    assert moved(long, old="lan", new="slbr0").label == "slbr0:a-very-lo"
