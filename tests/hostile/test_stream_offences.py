"""Wrong with streams: others than the control stream, resets, gaps, ends."""

import pytest
from fast_sender import FastSender
from frames import LARGEST, max_data, max_stream_data, max_streams, reset_stream, stop_sending
from frames import stream as stream_frame
from siege import Offence, Siege, verdict

from lanparty_obs.codes import SessionEnd

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOW_CONTROL_ERROR = 0x03
STREAM_LIMIT_ERROR = 0x04
STREAM_STATE_ERROR = 0x05
FINAL_SIZE_ERROR = 0x06
FRAME_ENCODING_ERROR = 0x07

FRAMES = {
    "a second bidirectional stream": (stream_frame(4, 0, b"hello"), SessionEnd.PROTOCOL_ERROR),
    "a stream without a byte": (stream_frame(4, 0, b""), SessionEnd.PROTOCOL_ERROR),
    "a thousandth stream": (stream_frame(4_000, 0, b"hello"), STREAM_LIMIT_ERROR),
    "a unidirectional stream": (stream_frame(2, 0, b"hello"), STREAM_LIMIT_ERROR),
    "the relay's own stream": (stream_frame(1, 0, b"hello"), STREAM_STATE_ERROR),
    "the control stream's end": (stream_frame(0, 100_000, b"", is_end=True), FLOW_CONTROL_ERROR),
    "bytes far beyond the window": (stream_frame(0, 1 << 30, b"far"), FLOW_CONTROL_ERROR),
    "an offset beyond all": (stream_frame(0, LARGEST, b"far"), FRAME_ENCODING_ERROR),
    "more streams than there are numbers": (max_streams(LARGEST), FRAME_ENCODING_ERROR),
    "a reset": (reset_stream(0, final_size=2_000), SessionEnd.PROTOCOL_ERROR),
    "a reset beyond the window": (reset_stream(0, final_size=LARGEST), FLOW_CONTROL_ERROR),
    "a reset before what was sent": (reset_stream(0, final_size=1), FINAL_SIZE_ERROR),
    "stop sending": (stop_sending(0), SessionEnd.PROTOCOL_ERROR),
}


async def test_streams_that_nobody_may_open_or_end_so_end_their_sender(siege: Siege) -> None:
    def offend(offence: Offence) -> dict[str, object]:
        endings: dict[str, object] = {}
        for name, (frames, _) in FRAMES.items():
            client = offence.member()
            sender = FastSender(client)
            sender.send([sender.seal(frames)])
            endings[name] = verdict(client, limit=3)
        return endings

    endings = await siege.beside(offend, seconds=3.0)
    assert endings == {name: code for name, (_, code) in FRAMES.items()}


async def test_the_ends_of_all_windows_change_nothing(siege: Siege) -> None:
    def offend(offence: Offence) -> bool:
        client = offence.member()
        sender = FastSender(client)
        generous = max_data(LARGEST) + max_stream_data(0, LARGEST) + max_streams(1 << 60)
        stingy = max_data(0) + max_stream_data(0, 0) + max_streams(0)
        sender.send([sender.seal(generous + stingy) for _ in range(1_000)])
        client.wait(0.5)
        is_over = client.is_over
        client.leave()
        return is_over

    assert not await siege.beside(offend, seconds=1.5)


async def test_bytes_behind_a_gap_that_never_closes_cost_no_more_than_the_window(
    siege: Siege,
) -> None:
    def offend(offence: Offence) -> object:
        for _ in range(20):
            client = offence.member()
            sender = FastSender(client)
            pieces = [stream_frame(0, offset, b"x") for offset in range(2_000, 60_000, 20)]
            sender.send([sender.seal(piece) for piece in pieces])
            client.wait(0.05)
            client.leave()
        return None

    await siege.beside(offend, seconds=4.0)
