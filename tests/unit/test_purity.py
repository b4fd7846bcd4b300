"""What is pure stays pure: no pure module imports I/O, a clock or randomness."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN = {
    "aioquic": "only lanparty_quic's adapter knows which engine runs",
    "asyncio": "the core is driven in turns, by a simulated clock in tests",
    "datetime": "time is an argument",
    "fastapi": "HTTP belongs to the admin process",
    "fcntl": "locks are I/O",
    "logging": "cores return events, shells log them",
    "os": "files, processes and randomness are I/O",
    "pathlib": "files are I/O",
    "random": "randomness is an argument",
    "secrets": "randomness is an argument",
    "select": "waiting is the shell's",
    "signal": "signals are the shell's",
    "socket": "sockets are the shell's",
    "ssl": "TLS is the engine's",
    "structlog": "cores return events, shells log them",
    "subprocess": "processes are the shell's",
    "threading": "cores are driven by one thread at a time",
    "time": "time is an argument",
    "uvicorn": "HTTP belongs to the admin process",
}

PURE_FOLDERS = {
    "libs/lanparty_proto": (),
    "libs/lanparty_ethernet": (),
    "libs/lanparty_ctrl": (),
    "libs/lanparty_obs": ("logging.py",),
    "libs/lanparty_client_core": ("join.py", "resolving.py"),
    "libs/lanparty_endpoint/doctor": ("clock.py", "dialing.py", "measuring.py"),
    "libs/lanparty_endpoint/probing": (),
    "services/lanparty_client/addressing": (),
    "services/lanparty_gateway/bridge": (),
    "services/lanparty_gateway/mac_nat": (),
    "services/lanparty_gateway/preflight": (
        "examining.py",
        "kernel.py",
        "nl80211.py",
        "packet_socket.py",
        "sysfs.py",
    ),
    "services/lanparty_gateway/host": (
        "arranging.py",
        "at_boot.py",
        "command.py",
        "kernel.py",
        "kernel_settings.py",
        "record.py",
        "surroundings.py",
        "tables.py",
    ),
    "services/lanparty_relay/core": (),
}
"""Pure folders, each with the modules in it that are shells."""

PURE_MODULES = (
    "libs/lanparty_endpoint/arrival.py",
    "libs/lanparty_endpoint/arrival.py",
    "libs/lanparty_endpoint/bug_report.py",
    "libs/lanparty_endpoint/endings.py",
    "libs/lanparty_endpoint/exit_codes.py",
    "libs/lanparty_endpoint/invite.py",
    "libs/lanparty_endpoint/local_requests.py",
    "libs/lanparty_endpoint/members_seen.py",
    "libs/lanparty_endpoint/rates.py",
    "libs/lanparty_endpoint/status.py",
    "libs/lanparty_endpoint/status_lines.py",
    "libs/lanparty_endpoint/telling.py",
    "libs/lanparty_endpoint/typed_room.py",
    "libs/lanparty_quic/address_proof.py",
    "libs/lanparty_quic/endpoint.py",
    "libs/lanparty_quic/handshakes.py",
    "libs/lanparty_quic/memory.py",
    "libs/lanparty_quic/ingress_queues.py",
    "libs/lanparty_quic/newcomers.py",
    "libs/lanparty_quic/path_mtu.py",
    "libs/lanparty_quic/pool.py",
    "libs/lanparty_quic/send_queue.py",
    "libs/lanparty_quic/sources.py",
    "services/lanparty_client/discovery_routes.py",
    "services/lanparty_client/greeting.py",
    "services/lanparty_client/linux/kernel_values.py",
    "services/lanparty_client/linux/networks.py",
    "services/lanparty_client/linux/reconciling.py",
    "services/lanparty_client/linux/router_advertisements.py",
    "services/lanparty_client/sentences.py",
    "services/lanparty_client/wanted.py",
    "services/lanparty_gateway/doctor_checks.py",
    "services/lanparty_gateway/packet/assembler.py",
    "services/lanparty_gateway/packet/counters.py",
    "services/lanparty_gateway/packet/filter.py",
    "services/lanparty_gateway/packet/finishing.py",
    "services/lanparty_gateway/packet/virtio_header.py",
    "services/lanparty_gateway/packet/vlan_tag.py",
    "services/lanparty_gateway/packet/wish.py",
    "services/lanparty_gateway/sentences.py",
    "services/lanparty_gateway/status_lines.py",
    "services/lanparty_relay/admin/counter_history.py",
    "services/lanparty_relay/event_ring.py",
    "services/lanparty_sim/lan_messages.py",
    "services/lanparty_sim/latency.py",
    "services/lanparty_sim/virtual_host.py",
)


def pure_files() -> list[Path]:
    found = [
        path
        for folder, shells in PURE_FOLDERS.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name not in shells
    ]
    return found + [ROOT / name for name in PURE_MODULES]


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_imports_nothing_that_acts(path: Path) -> None:
    offences = {name: FORBIDDEN[name] for name in imported_names(path) & FORBIDDEN.keys()}
    assert not offences


def test_only_the_engine_adapter_imports_aioquic() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("libs", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "aioquic" in imported_names(path)
    }
    assert all(name.startswith("libs/lanparty_quic/aioquic_") for name in importers), importers
