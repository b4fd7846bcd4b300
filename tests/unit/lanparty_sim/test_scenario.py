from lanparty_client_core.join import KnownRelay
from lanparty_command import RelayAddress
from lanparty_ctrl import RoomCode
from lanparty_quic import PinnedKey
from lanparty_sim.bystanders import BYSTANDER_STEPS
from lanparty_sim.lan_steps import LAN_STEPS
from lanparty_sim.scenario import SCENARIO, steps_for
from lanparty_sim.stage import Bystanders, Stage

RELAY = KnownRelay(RelayAddress("relay.example"), PinnedKey("sha256:" + "A" * 43))


def test_a_stage_that_expects_no_bystanders_has_no_steps_for_them() -> None:
    assert steps_for(Stage(relay=RELAY)) is SCENARIO
    assert len(SCENARIO) == 22


def test_the_steps_with_bystanders_come_last() -> None:
    stage = Stage(relay=RELAY, bystanders=Bystanders(3, RoomCode("BYSTANDERS")))
    assert steps_for(stage) == (*SCENARIO, *BYSTANDER_STEPS)


def test_the_steps_with_a_lan_follow_where_there_is_one() -> None:
    bystanders = Bystanders(3, RoomCode("BYSTANDERS"))
    stage = Stage(relay=RELAY, bystanders=bystanders, lan_room=RoomCode("REALLAN"))
    assert steps_for(stage) == (*SCENARIO, *BYSTANDER_STEPS, *LAN_STEPS)
