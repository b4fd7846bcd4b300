from pathlib import Path

import pytest

from lanparty_client.linux.kernel_settings import apply_kernel_settings, has_ipv6

DEFAULTS = {
    "ipv6/conf/lan0/accept_ra_defrtr": "1",
    "ipv6/conf/lan0/accept_ra_mtu": "1",
    "ipv6/conf/lan0/accept_ra_pinfo": "1",
    "ipv6/conf/lan0/accept_ra_rtr_pref": "1",
    "ipv6/conf/lan0/accept_ra_rt_info_max_plen": "0",
    "ipv4/conf/lan0/arp_ignore": "0",
    "ipv4/conf/lan0/arp_announce": "0",
    "ipv4/conf/lan0/promote_secondaries": "0",
    "ipv4/conf/lan0/rp_filter": "0",
    "ipv4/conf/all/rp_filter": "0",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that looks as /proc/sys/net does for a new interface."""
    for name, value in DEFAULTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value + "\n")
    return tmp_path


def apply(root: Path, *, accept_room_router: bool = False) -> list[str]:
    return apply_kernel_settings("lan0", accept_room_router=accept_room_router, root=root)


def settings(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text().strip() for name in DEFAULTS}


def test_the_room_installs_no_way_out_and_arp_keeps_to_the_interface(root: Path) -> None:
    assert apply(root) == []
    assert settings(root) == DEFAULTS | {
        "ipv6/conf/lan0/accept_ra_defrtr": "0",
        "ipv6/conf/lan0/accept_ra_mtu": "0",
        "ipv6/conf/lan0/accept_ra_pinfo": "0",
        "ipv6/conf/lan0/accept_ra_rtr_pref": "0",
        "ipv4/conf/lan0/arp_ignore": "1",
        "ipv4/conf/lan0/arp_announce": "2",
        "ipv4/conf/lan0/promote_secondaries": "1",
    }


def test_a_welcome_router_may_install_a_default_route(root: Path) -> None:
    apply(root)
    apply(root, accept_room_router=True)
    assert settings(root)["ipv6/conf/lan0/accept_ra_defrtr"] == "1"
    assert settings(root)["ipv6/conf/lan0/accept_ra_rt_info_max_plen"] == "0"


@pytest.mark.parametrize(("for_all", "ours"), [("0", "0"), ("1", "2"), ("2", "0")])
def test_only_strict_filtering_is_loosened(root: Path, for_all: str, ours: str) -> None:
    (root / "ipv4/conf/all/rp_filter").write_text(for_all)
    apply(root)
    assert settings(root)["ipv4/conf/lan0/rp_filter"] == ours


def test_what_this_kernel_does_not_have_is_left_out(root: Path) -> None:
    (root / "ipv6/conf/lan0/accept_ra_rtr_pref").unlink()
    assert apply(root) == []
    assert not (root / "ipv6/conf/lan0/accept_ra_rtr_pref").exists()


def test_what_is_right_already_is_not_written(root: Path) -> None:
    apply(root)
    for name in DEFAULTS:
        (root / name).chmod(0o444)
    before = {name: (root / name).stat().st_mtime_ns for name in DEFAULTS}
    assert apply(root) == []
    assert {name: (root / name).stat().st_mtime_ns for name in DEFAULTS} == before


@pytest.mark.parametrize(("disabled", "speaks"), [("0", True), ("1", False), (None, False)])
def test_an_interface_may_do_without_ipv6(root: Path, disabled: str | None, speaks: bool) -> None:
    if disabled is not None:
        (root / "ipv6/conf/lan0/disable_ipv6").write_text(disabled + "\n")
    assert has_ipv6("lan0", root=root) is speaks
