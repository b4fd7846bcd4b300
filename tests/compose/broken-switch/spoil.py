"""Patch the installed switch: the last byte of every datagram beyond 1,000 bytes is turned over."""

from pathlib import Path

import lanparty_relay.core.switch as switch

SOUND = "payload = stamp(flow, datagram)"
SPOILED = (
    "payload = stamp(flow, datagram if len(datagram) < 1_000"
    " else datagram[:-1] + bytes([datagram[-1] ^ 255]))"
)

file = Path(switch.__file__)
text = file.read_text()
if text.count(SOUND) != 1:
    raise SystemExit(f"{file} has changed: say anew how to break it")
file.write_text(text.replace(SOUND, SPOILED))
