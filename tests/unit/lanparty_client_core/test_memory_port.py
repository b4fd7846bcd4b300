from lanparty_client_core.memory_port import InMemoryPort
from lanparty_client_core.port import FRAMES_PER_READ, FramePort


def numbered(count: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(count)]


def test_it_is_a_frame_port() -> None:
    port: FramePort = InMemoryPort(mtu=1_400)
    assert port.mtu == 1_400


def test_what_the_host_injects_is_read_in_order_and_once() -> None:
    port = InMemoryPort()
    for frame in numbered(3):
        assert port.inject(frame)
    assert port.read_frames() == numbered(3)
    assert port.read_frames() == []


def test_one_read_returns_at_most_a_batch() -> None:
    port = InMemoryPort()
    for frame in numbered(FRAMES_PER_READ + 1):
        port.inject(frame)
    assert len(port.read_frames()) == FRAMES_PER_READ
    assert len(port.read_frames()) == 1


def test_a_full_queue_refuses_what_the_host_injects() -> None:
    port = InMemoryPort(queue_limit=2)
    assert [port.inject(frame) for frame in numbered(3)] == [True, True, False]
    assert port.read_frames() == numbered(2)


def test_a_full_queue_takes_frames_from_the_front_of_a_batch() -> None:
    port = InMemoryPort(queue_limit=3)
    assert port.write_frames(numbered(2)) == 2
    assert port.write_frames(numbered(5)[2:]) == 1
    assert port.take() == numbered(3)
    assert port.take() == []


def test_the_session_is_woken_once_for_each_time_the_queue_stops_being_empty() -> None:
    port = InMemoryPort()
    wakes: list[str] = []
    port.on_readable(lambda: wakes.append("wake"))
    for frame in numbered(2):
        port.inject(frame)
    assert len(wakes) == 1
    port.read_frames()
    port.inject(b"again")
    assert len(wakes) == 2


def test_a_session_that_comes_late_is_woken_for_what_waits_already() -> None:
    port = InMemoryPort()
    port.inject(b"early")
    wakes: list[str] = []
    port.on_readable(lambda: wakes.append("wake"))
    assert len(wakes) == 1
    port.on_readable(None)


def test_the_host_is_woken_when_the_session_writes_into_an_empty_queue() -> None:
    port = InMemoryPort()
    wakes: list[str] = []
    port.on_written(lambda: wakes.append("wake"))
    port.write_frames(numbered(2))
    port.write_frames(numbered(1))
    port.write_frames([])
    assert len(wakes) == 1


def test_a_closed_port_carries_nothing_either_way_but_keeps_what_had_arrived() -> None:
    port = InMemoryPort()
    port.inject(b"unread")
    port.write_frames([b"arrived"])
    port.close()
    assert port.closed
    assert port.read_frames() == []
    assert not port.inject(b"late")
    assert port.write_frames([b"late"]) == 0
    assert port.take() == [b"arrived"]
