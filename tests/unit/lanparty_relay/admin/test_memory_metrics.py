"""What /metrics says of the relay's memory."""

from lanparty_relay.admin.relay_metrics import about_heartbeat
from lanparty_relay.admin_link import Heartbeat
from lanparty_relay.memory_budget import MemoryPart


def test_each_part_has_a_series_and_the_systems_figure_one(heartbeat: Heartbeat) -> None:
    held = heartbeat.model_copy(update={"memory": {MemoryPart.EGRESS: 7}, "resident_bytes": 9})
    samples = {
        (sample.name, sample.labels.get("part")): sample.value
        for family in about_heartbeat(held)
        for sample in family.samples
    }
    assert samples["softlan_relay_memory_used_bytes", "egress"] == 7
    assert samples["softlan_relay_resident_memory_bytes", None] == 9


def test_where_the_system_tells_nothing_there_is_no_figure(heartbeat: Heartbeat) -> None:
    unknown = heartbeat.model_copy(update={"resident_bytes": None})
    names = {family.name for family in about_heartbeat(unknown)}
    assert "softlan_relay_resident_memory_bytes" not in names
