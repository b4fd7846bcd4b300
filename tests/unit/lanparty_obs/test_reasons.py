import pytest

from lanparty_obs import EgressDrop, IngressDrop, PacketDrop, describe


@pytest.mark.parametrize("reason", [*IngressDrop, *EgressDrop, *PacketDrop], ids=repr)
def test_every_drop_reason_has_a_sentence(reason: IngressDrop | EgressDrop | PacketDrop) -> None:
    text = describe(reason)
    assert text[0].isupper()
    assert text.endswith(".")


def test_reasons_that_are_spelled_alike_in_two_places_mean_different_things() -> None:
    assert IngressDrop.MALFORMED.value == PacketDrop.MALFORMED.value
    assert describe(IngressDrop.MALFORMED) != describe(PacketDrop.MALFORMED)
