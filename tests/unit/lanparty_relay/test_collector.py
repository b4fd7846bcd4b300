"""How seldom the relay's garbage is collected: in a process of its own, whose setting it is."""

import subprocess
import sys

_PROGRAM = """
import gc
from lanparty_relay.collector import settle_collector
settle_collector()
assert gc.isenabled()
begun = []
gc.callbacks.append(lambda phase, info: begun.append(info["generation"]))
kept = [[] for _ in range(15_000)]
assert not begun, begun
for _ in range(100_000):
    cycle = []
    cycle.append(cycle)
assert begun and max(begun) == 0, begun
assert len(gc.get_objects()) < 60_000
"""


def test_thousands_of_new_objects_begin_no_collection_and_cycles_are_collected() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
