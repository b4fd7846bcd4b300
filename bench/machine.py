"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["cpu_seconds", "describe_machine"]


def describe_machine() -> dict[str, str]:
    """Name processor, cores, kernel, Python and the packages whose version decides."""
    return {
        "processor": _processor_name(),
        "cores": str(os.cpu_count()),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "softlan": version("softlan"),
        "aioquic": version("aioquic"),
    }


def _processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def cpu_seconds(process_id: int) -> float:
    """CPU time of a process's main thread, from /proc/PID/schedstat (nanoseconds, exact)."""
    return int(Path(f"/proc/{process_id}/schedstat").read_text().split()[0]) / 1e9
