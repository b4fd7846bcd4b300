"""What a gateway says of itself."""

from lanparty_ctrl import RoomCode, Welcome
from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_endpoint.happenings import Weight
from lanparty_gateway import sentences
from lanparty_gateway.bridge import (
    ForwardingBegan,
    ForwardingStopped,
    HostAsked,
    SecondGatewayHeard,
    StopReason,
)
from lanparty_gateway.packet import LinkState
from lanparty_gateway.preflight import PreflightCheck
from lanparty_gateway.settings import GatewaySettings
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:00:00:00:00:01")


def test_a_stop_is_important_and_names_its_reason() -> None:
    event = ForwardingStopped(reason=StopReason.LOOP, sentence="loop: a cable too many.", mac=MAC)
    told = sentences.of_bridge(event)
    assert (told.event, told.message) == ("stopped", "loop: a cable too many.")
    assert told.fields == {"reason": "loop", "mac": str(MAC)}
    assert told.weight is Weight.IMPORTANT


def test_going_on_after_a_stop_is_told_otherwise_than_the_beginning() -> None:
    assert sentences.of_bridge(ForwardingBegan()).event == "forwarding"
    again = sentences.of_bridge(ForwardingBegan(after=StopReason.SECOND_GATEWAY, stopped_for=12.3))
    assert again.event == "resumed"
    assert again.fields == {"after": "second_gateway", "stopped_for": 12.3}
    assert "12 s" in again.message


def test_another_gateway_and_a_question_for_the_host_are_told_as_the_bridge_says_it() -> None:
    heard = sentences.of_bridge(SecondGatewayHeard(sentence="There is another.", mac=MAC))
    assert (heard.event, heard.message) == ("second_gateway", "There is another.")
    asked = sentences.of_bridge(HostAsked(sentence="Not reachable."))
    assert (asked.event, asked.message) == ("host_unreachable", "Not reachable.")


def test_a_link_that_is_up_needs_no_notice() -> None:
    assert sentences.link_sentence("eth0", LinkState.UP) == ""
    assert "cable" in sentences.link_sentence("eth0", LinkState.DOWN)
    assert "is gone" in sentences.link_sentence("eth0", LinkState.GONE)


def test_a_link_change_is_a_fact_for_programs_too() -> None:
    told = sentences.link_changed("eth0", LinkState.UP, MAC)
    assert told.fields == {"interface": "eth0", "link": "up", "mac": str(MAC)}
    assert str(MAC) in told.message


def test_a_finding_is_told_with_its_cure() -> None:
    result = CheckResult(
        check=PreflightCheck.LINK,
        outcome=Outcome.WARNING,
        figure="no carrier",
        advice="Plug it in.",
    )
    told = sentences.finding(result)
    assert told.message == "link: no carrier. Plug it in."
    assert told.fields["outcome"] == "warning"


def test_the_story_names_room_and_interface() -> None:
    given = {"name": "Attic", "interface": "eth0", "relay": "relay.example"}
    story = sentences.GatewayStory(GatewaySettings.model_validate(given).wish())
    code = RoomCode("7K3M9QXRT2V")
    welcome = Welcome(
        version=1,
        peer_id=3,
        room_code=code,
        room_id="r1",
        mtu=1_400,
        datagram_budget=1_500,
        resume_token="0" * 32,
        heartbeat_seconds=10,
        peers_limit=64,
        server_version="1",
    )
    joined = story.joined(welcome, ["192.168.1.5/24"])
    assert "eth0" in joined.message
    assert code.spoken() in joined.message
    assert joined.fields["addresses"] == ["192.168.1.5/24"]
    assert "lanparty-client join" in story.invitation(code).message


def test_whoever_finds_a_gateway_in_the_room_is_told_of_the_spare() -> None:
    assert "--standby" in sentences.standby_hint().message
