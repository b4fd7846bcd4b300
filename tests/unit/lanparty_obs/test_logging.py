import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from lanparty_obs import SecretText
from lanparty_obs.logging import configure, get_logger


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_machines_read_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure(json=True, stream=stream)
    get_logger("softlan.relay").bind(room="r1").info("peer joined", peer=3)
    [line] = written(stream)
    assert line.pop("timestamp")
    assert line == {
        "event": "peer joined",
        "level": "info",
        "logger": "softlan.relay",
        "room": "r1",
        "peer": 3,
    }


def test_people_read_text_without_colours_in_a_file() -> None:
    stream = io.StringIO()
    configure(json=False, stream=stream)
    get_logger("softlan.relay").warning("peer left", peer=3, name="Ann B")
    [line] = stream.getvalue().splitlines()
    assert "peer left" in line
    assert "peer=3" in line
    assert "name='Ann B'" in line
    assert "\x1b" not in line


def test_below_the_level_nothing_is_written() -> None:
    stream = io.StringIO()
    configure(json=True, level="warning", stream=stream)
    get_logger("softlan").info("quiet")
    logging.getLogger("some.library").info("quiet")
    get_logger("softlan").error("loud")
    assert [line["event"] for line in written(stream)] == ["loud"]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="debug, info, warning, error"):
        configure(json=True, level="loud")


def test_libraries_log_through_the_same_handler() -> None:
    stream = io.StringIO()
    library = logging.getLogger("uvicorn.error")
    library.addHandler(logging.StreamHandler(io.StringIO()))
    configure(json=True, stream=stream)
    library.info("started on %s", "port 8080")
    [line] = written(stream)
    assert line["event"] == "started on port 8080"
    assert line["logger"] == "uvicorn.error"
    assert library.handlers == []


@pytest.mark.parametrize("chatty", ["uvicorn.access", "asyncio"])
def test_chatty_libraries_are_heard_at_debug_only(chatty: str) -> None:
    for level, heard in (("info", 1), ("error", 0), ("debug", 3)):
        stream = io.StringIO()
        configure(json=True, level=level, stream=stream)
        library = logging.getLogger(chatty)
        library.debug("a detail")
        library.info("GET /healthz")
        library.warning("trouble")
        assert len(written(stream)) == heard, level


def test_a_second_set_up_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    log = get_logger("softlan")
    configure(json=True, stream=first)
    configure(json=True, stream=second)
    log.info("once")
    assert first.getvalue() == ""
    assert len(written(second)) == 1


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_never_reach_the_log(as_json: bool) -> None:
    stream = io.StringIO()
    configure(json=as_json, stream=stream)
    log = get_logger("softlan")
    log.info("a", room_code="sesame", code=SecretText("sesame"), headers={"token": "sesame"})
    logging.getLogger("library").info("sent %s", "Authorization: Bearer sesame")
    try:
        secret = "sesame"
        raise ValueError("Bearer sesame")
    except ValueError:
        log.exception("b")
        logging.getLogger("library").exception("c")
    assert "ValueError" in stream.getvalue()
    assert secret not in stream.getvalue().replace('secret = "sesame"', "").replace(
        'raise ValueError("Bearer sesame")', ""
    )


@pytest.mark.parametrize("as_json", [True, False])
def test_what_a_peer_wrote_cannot_move_the_cursor_or_forge_a_line(as_json: bool) -> None:
    stream = io.StringIO()
    configure(json=as_json, stream=stream)
    get_logger("softlan").info("said", text="x\x1b[2J\r\nerror forged\u202e", event_id=1)
    [line] = stream.getvalue().splitlines()
    assert line.isascii()
    assert line.isprintable()


def test_a_value_with_blanks_cannot_look_like_another_field() -> None:
    stream = io.StringIO()
    configure(json=False, stream=stream)
    get_logger("softlan").info("said", text="x' peer=7")
    assert stream.getvalue().rstrip().endswith("""text="x' peer=7\"""")


def test_a_traceback_keeps_its_lines() -> None:
    stream = io.StringIO()
    configure(json=False, stream=stream)
    try:
        raise ValueError("broken \x1b[2J")
    except ValueError:
        get_logger("softlan").exception("bug")
    lines = stream.getvalue().splitlines()
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == r"ValueError: broken \x1b[2J"
