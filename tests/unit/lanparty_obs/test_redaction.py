import pytest

from lanparty_obs import REDACTED, SecretText, redacted


@pytest.mark.parametrize("value", ["plain", 7, None, 1.5, b"bytes"])
def test_what_is_no_secret_stays(value: object) -> None:
    assert redacted(value) == value


@pytest.mark.parametrize("name", ["room_code", "resume_token", "Authorization", "credential"])
def test_a_field_with_a_secrets_name_is_hidden_whatever_it_holds(name: str) -> None:
    assert redacted({name: ["a", "b"], "room": "r1"}) == {name: REDACTED, "room": "r1"}


def test_a_secret_text_is_hidden_in_any_field_and_at_any_depth() -> None:
    secret = SecretText("sesame")
    assert redacted({"x": secret, "y": [1, (secret,), {"z": secret}]}) == {
        "x": REDACTED,
        "y": [1, [REDACTED], {"z": REDACTED}],
    }


def test_a_bearer_token_is_hidden_inside_a_text() -> None:
    assert redacted("header 'authorization: Bearer abc.def-1'") == (
        f"header 'authorization: Bearer {REDACTED}'"
    )


def test_what_is_nested_too_deeply_to_look_into_is_hidden() -> None:
    assert redacted([[[[["sesame"]]]]]) == [[[[REDACTED]]]]


def test_the_callers_object_is_not_changed() -> None:
    fields = {"token": "sesame", "inner": {"token": "sesame"}}
    redacted(fields)
    assert fields == {"token": "sesame", "inner": {"token": "sesame"}}


def test_a_secret_text_is_a_text_whose_repr_does_not_show_it() -> None:
    assert SecretText("sesame") == "sesame"
    assert f"{SecretText('sesame')}" == "sesame"
    assert repr(SecretText("sesame")) == f"SecretText({REDACTED})"
