"""What the kernel's files say, from a directory that looks like them."""

from pathlib import Path

import pytest
from pyroute2.netlink.nl80211 import nl80211cmd

from lanparty_gateway.preflight.facts import Hypervisor, WirelessFacts, WirelessRole
from lanparty_gateway.preflight.nl80211 import wireless_of
from lanparty_gateway.preflight.sysfs import SysFiles


def written(root: Path, files: dict[str, str]) -> SysFiles:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SysFiles(sys=root / "sys", proc=root / "proc")


@pytest.mark.parametrize(
    ("files", "wireless"),
    [
        ({}, False),
        ({"phy80211/name": "phy0\n"}, True),
        ({"wireless/status": "0\n"}, True),
        ({"uevent": "DEVTYPE=wlan\nINTERFACE=wlan0\nIFINDEX=3\n"}, True),
        ({"uevent": "INTERFACE=wlan0\nIFINDEX=3\n"}, False),
        ({"uevent": "DEVTYPE=bridge\n"}, False),
    ],
)
def test_wifi_is_known_by_any_of_its_signs(
    tmp_path: Path, files: dict[str, str], wireless: bool
) -> None:
    all_files = {"ifindex": "3\n", **files}
    under_test = written(
        tmp_path, {f"sys/class/net/wlan0/{name}": text for name, text in all_files.items()}
    )
    assert under_test.is_wireless("wlan0", index=3) is wireless


def test_the_same_name_in_another_network_namespace_says_nothing(tmp_path: Path) -> None:
    folder = "sys/class/net/eth0"
    under_test = written(tmp_path, {f"{folder}/ifindex": "3", f"{folder}/uevent": "DEVTYPE=wlan"})
    assert not under_test.is_wireless("eth0", index=7)


def test_an_interface_without_files_is_no_wifi(tmp_path: Path) -> None:
    assert not SysFiles(sys=tmp_path, proc=tmp_path).is_wireless("eth0", index=3)


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "expected"),
    [("0", "0", ()), ("1", "0", ("ipv4",)), ("1", "2", ("ipv4", "ipv6")), (None, None, ())],
)
def test_routing_is_read_for_both_families(
    tmp_path: Path, ipv4: str | None, ipv6: str | None, expected: tuple[str, ...]
) -> None:
    under_test = written(
        tmp_path,
        {
            f"proc/sys/net/{family}/conf/eth0/forwarding": value + "\n"
            for family, value in (("ipv4", ipv4), ("ipv6", ipv6))
            if value is not None
        },
    )
    assert under_test.forwards("eth0") == expected


@pytest.mark.parametrize(
    ("vendor", "product", "expected"),
    [
        ("innotek GmbH", "VirtualBox", Hypervisor.VIRTUALBOX),
        ("VMware, Inc.", "VMware7,1", Hypervisor.VMWARE),
        ("Microsoft Corporation", "Virtual Machine", Hypervisor.HYPER_V),
        ("Microsoft Corporation", "Surface Pro", None),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", Hypervisor.QEMU),
        ("Red Hat", "KVM", Hypervisor.QEMU),
        ("Raspberry Pi Foundation", "", None),
    ],
)
def test_a_hypervisor_is_known_by_the_firmware(
    tmp_path: Path, vendor: str, product: str, expected: Hypervisor | None
) -> None:
    table = "sys/class/dmi/id"
    under_test = written(
        tmp_path, {f"{table}/sys_vendor": vendor + "\n", f"{table}/product_name": product + "\n"}
    )
    assert under_test.hypervisor() is expected


def test_a_machine_without_firmware_tables_is_no_known_virtual_machine(tmp_path: Path) -> None:
    assert SysFiles(sys=tmp_path, proc=tmp_path).hypervisor() is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({5: b"\x02\0\0\0"}, WirelessFacts()),
        ({5: b"\x02\0\0\0", 83: b"\x00"}, WirelessFacts()),
        ({5: b"\x02\0\0\0", 83: b"\x01"}, WirelessFacts(four_addresses=True)),
        ({5: b"\x03\0\0\0"}, WirelessFacts(role=WirelessRole.ACCESS_POINT)),
        ({5: b"\x07\0\0\0"}, WirelessFacts(role=WirelessRole.ACCESS_POINT)),
        ({}, WirelessFacts()),
    ],
)
def test_what_a_wifi_interface_does_is_read_from_the_kernels_answer(
    attributes: dict[int, bytes], expected: WirelessFacts
) -> None:
    """NL80211_ATTR_IFTYPE is 5, NL80211_ATTR_4ADDR is 83 (linux/nl80211.h)."""
    body = b"\x07\x01\0\0"  # struct genlmsghdr: NL80211_CMD_NEW_INTERFACE, version 1
    for kind, value in attributes.items():
        length = 4 + len(value)
        body += length.to_bytes(2, "little") + kind.to_bytes(2, "little") + value
        body += bytes(-length % 4)
    head = (16 + len(body)).to_bytes(4, "little") + bytes(12)
    message = nl80211cmd(head + body)
    message.decode()
    assert wireless_of(message) == expected
