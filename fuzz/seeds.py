"""Makes the seed corpora in fuzz/corpus from the test vectors and from frames of real protocols.

    python fuzz/seeds.py

An input without a name that is given here was found by fuzzing and stays.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parent
_VECTORS: Final = _ROOT.parent / "tests" / "vectors"
CORPUS: Final = _ROOT / "corpus"


def vectors(name: str) -> dict[str, Any]:
    """Read one file of test vectors."""
    found: dict[str, Any] = json.loads((_VECTORS / f"{name}.json").read_text())
    return found


def piece(data: bytes) -> bytes:
    """Write what `Choices.piece` reads."""
    return (len(data) & 0x7FF).to_bytes(2, "big") + data[:0x7FF]


def control_framing() -> Iterator[bytes]:
    control = vectors("control")
    for vector in control["accepted"]:
        yield b"\x01" + vector["body"].encode()
    for vector in control["refused"]:
        yield b"\x10" + bytes.fromhex(vector["frame"])[:2000]
    yield b"\x07" + b"\n".join(vector["body"].encode() for vector in control["accepted"][:6])


def datagrams() -> Iterator[bytes]:
    overlay = vectors("overlay")
    for vector in overlay["decode"] + overlay["malformed"]:
        yield b"\x04\x7e\0\0\x05" + bytes.fromhex(vector["datagram"])
    for vector in overlay["recut"]:
        yield vector["budget"].to_bytes(2, "big") + b"\0\0\x05" + bytes.fromhex(vector["datagram"])


def reassembly() -> Iterator[bytes]:
    """Return rows of steps: the frame's header, its length, its id, then pieces in an order."""
    whole = b"\x03\0\x05\xdc"
    yield b"\0" + whole + b"\7\0\1"
    yield b"\0" + whole + b"\7\1\0" + whole + b"\7\0\1"
    yield b"\0" + whole + b"\1\0\0" + b"\0\4" + whole + b"\2\0\1" + b"\0\2" + b"\1"
    # Chosen fragments: place and more-follows, header, filling, length, id.
    yield b"\1" + bytes.fromhex("04 0001 00 41 00 07 04 0003 00 42 00 07 04 0004 00 43 03 07")
    yield b"\2" + b"".join(
        bytes((4, 0, at << 1 | (at < 7), 1, at, 0 if at < 7 else 3, 9)) for at in range(8)
    )
    yield b"\0" + bytes.fromhex("24 0001 00 41 00 07 24 0003 02 42 00 07 64 0c01 00 43 03 07")


def ethernet() -> Iterator[bytes]:
    arp = "000108000604000102005e1000010a4d00010000000000000a4d0002"
    ping = "4500001c00004000400126450a4d00010a4d00020800f7fe00000001"
    syn = (
        "02005e00000202005e00000108004500002c000040004006000a0a4d00010a4d0002"
        "c350005012345678000000006002faf0beef0000020405b4"
    )
    syn6 = (
        "02005e00000202005e0000018100000786dd6000000000240040"
        + "fd" * 32
        + "0600010400000000c350005012345678000000006002faf0beef0000010205b4020405b4"
    )
    solicitation = (
        "3333ff00000102005e00000186dd6000000000203afffe80" + "00" * 13 + "01ff02" + "00" * 13 + "01"
        "8700000000000000fe80" + "00" * 13 + "02010102005e000001"
    )
    offer = (
        "020106000000000700000000"
        "00000000c0a832640000000000000000"
        "02005e100001"
        + "00" * 10
        + "00" * 192
        + "638253633501023604c0a8320133040000025801"
        + "04ffffff000304c0a83201ff"
    )
    udp = "00430044" + f"{8 + len(offer) // 2:04x}" + "0000" + offer
    packet = "4500" + f"{20 + len(udp) // 2:04x}" + "0000400040110000c0a83201c0a83264" + udp
    for reader, octets in (
        *((0, syn), (0, syn6), (0, solicitation), (1, arp), (2, ping), (3, ping), (2, packet)),
        *((4, offer), (5, ping[40:]), (6, udp), (7, "00" + solicitation), (7, "01" + syn6)),
        *((8, "01" + syn), (8, "01" + syn6), (9, "0003" + syn), (9, "0103" + syn6)),
        *((9, "0201" + "02005e00000202005e0000010800" + packet), (10, "2614" + syn)),
    ):
        yield bytes((reader,)) + bytes.fromhex(octets)
    probes = vectors("probes")
    for vector in probes["probes"]:
        yield b"\x0b" + bytes.fromhex(vector["frame"])[14:]
    for vector in vectors("ethernet")["frames"]:
        yield b"\0" + bytes.fromhex(vector["frame"])


def relay_sessions() -> Iterator[bytes]:
    """Return rows of steps: three connect, say hello, send frames, wait, answer, go."""
    three = b"\0\0\x40"
    # The step, then what the hello says: kind, whose token, which MAC, which code.
    hellos = b"\x01\0\0\0\0" + b"\x11\0\0\0\0" + b"\x21\x13\0\0\0"
    unicast, broadcast, unknown = b"\x06\0\0\1\0\0\0", b"\x16\0\0\4\0\0\0", b"\x06\0\0\x08\0\0\0"
    from_lan, spoofed = b"\x26\0\0\0\x88\0\0", b"\x16\0\0\0\x80\0\0"
    tagged, multicast = b"\x06\0\0\1\0\0\2", b"\x06\0\0\5\0\0\0"
    reserved, oversize = b"\x06\0\0\6\0\0\0", b"\x06\0\0\1\0\7\0"
    fragments = b"\x06\1" + b"\xa1\1\0\3\0\0\0" + b"\xa1\1\0\3\0\4\1"
    frames = unicast + broadcast + unknown + from_lan + spoofed + tagged + multicast
    yield three + hellos + frames + reserved + oversize
    yield three + hellos + from_lan + b"\x06\0\0\x08\0\0\0" + fragments + b"\x0c\xff\0" + frames
    yield three + hellos + frames + b"\x0b\0\1" + b"\x0c\2\1" + frames + b"\x0c\xff\3"
    yield three + hellos + b"\x03\0\0\7" + b"\x13\2\2\0\1" + b"\x0a\5\0\5" + b"\x23\3"
    # A place that is contested: the holder answers, or it doesn't; a session that is resumed.
    yield three + b"\x01\0\0\0\0" + b"\x11\0\0\4\0" + b"\x03\1\1" + b"\x0a\4"
    yield three + b"\x01\0\0\0\0" + b"\x11\0\0\4\0" + b"\x0d\2" + b"\x0a\5" + unicast
    yield three + b"\x01\0\0\0\0" + b"\x11\4\0\4\0" + frames
    # Gateways that stand by, and take over.
    yield three + b"\x01\3\0\0\0" + b"\x11\x13\0\0\0" + b"\x0b\0\0" + b"\x0a\5" + from_lan
    yield three + b"\x01\3\0\0\0" + b"\x11\x13\0\0\0" + b"\x0d\2" + b"\x0a\5\x0a\5" * 3
    yield three + hellos + b"\x0f\1" + frames + b"\x0f\0" + frames
    yield three + hellos + b"\x0d\1" + b"\x03\0\0\7" + b"\x0a\6" + b"\x1f\3"
    yield three + hellos + b"\x1e\0" + b"\x0e\1" + frames
    for kind in (0x08, 0x20, 0x40, 0x60, 0x80):
        yield three + b"\x01\0\0\0\0" + b"\x11" + bytes((kind,)) + b"\0\0\2" + frames
    ping = b'{"type":"ping","nonce":1}'
    yield three + hellos + b"\x05" + piece(ping) + b"\x05" + piece(b"\0\0\0\x19" + ping[:9])
    yield three + b"\x05" + piece(vectors("control")["accepted"][0]["body"].encode()) + b"\x0a\4"


def endpoint_session() -> Iterator[bytes]:
    """Return rows of steps of a player, and of a gateway that waits first."""
    for message in range(13):
        yield b"\0\1" + b"\0\3\0" + bytes((0, message, 0))
        yield b"\1\0" + bytes((0, message, 1, message, message))
    yield b"\1\0" + b"\0\x09\0" + b"\7\3" * 3 + b"\0\0\0" + b"\0\1\0" + b"\7\4"
    whole, runt = b"\4\0\0\1\0", b"\4\0\xe0" + piece(b"\x10\0\0\1abc")
    first, last = b"\4\0\x60\1\4\0\1\0", b"\4\0\x60\1\0\0\4\0"
    yield b"\0\1" + whole + runt + first + last + b"\7\3" + first + first
    yield b"\0\1" + b"\6\0\0" + b"\6\0\6" + b"\6\x55\0" + b"\6\1\7"
    yield b"\0\1" + b"\2" + piece(b'{"type":"ping","nonce":1}') + b"\3" + piece(b"\0\0\0\1{")


def gateway_bridge() -> Iterator[bytes]:
    """Return rows of steps: side, how bent, to whom, from whom, which protocol."""
    for protocol in range(15):
        yield bytes((0, 0, 5, 0, protocol, 3, 0, 5, 2, protocol, 6, 3, 0, 0, 2, 0, protocol))
        yield bytes(
            (3, 1, 5, 2, protocol, 30, 0, 1, 0, 2, 5, 0, protocol, 200, 2, 9, 3, 2, 4, 9, 8)
        )
    yield b"\7\0" + bytes((0, 0, 5, 0, 1)) + b"\7\1" + bytes((0, 0, 2, 0, 1, 3, 0, 0, 2, 1)) * 5


def player_addressing() -> Iterator[bytes]:
    """Return rows of steps: offer, acknowledgement, refusal, claims of others, time."""
    wait, later = b"\7\2", b"\7\4"
    yield wait + b"\0" + wait + b"\1" + wait * 6 + b"\x07\5" * 4
    yield wait + b"\0\2" + wait + b"\0\1" + later + b"\2" + wait
    yield wait + b"\0" + wait + b"\1" + wait + b"\4\0" + wait * 3
    yield wait * 12 + b"\4\2" + wait * 8 + b"\4\3" + wait * 8
    yield wait + b"\x08\0\xf0\0\x35" + b"\x09\0\xf0\3" + b"\x10\0\xf8\2\4\1\2\3\4\0\xff\3"
    yield wait + b"\xe0\xe1" + b"\6" + piece(bytes(60)) + wait


def udp_entry() -> Iterator[bytes]:
    """Return rows of steps: kind, source, then what is bent or built."""
    for packet in range(16):
        yield bytes((1, 7, packet, 0))
        yield bytes((1, 0xF0, packet, 1, 0, 9, 0, 0xFF))
        yield bytes((1, 0x11, packet, 1, 0, 60, 2))
    yield b"\x84\1\x40\1\x08\1\2\3\4\5\6\7\x08\x08\1\2\3\4\5\6\7\x08"
    yield b"\x84\1\x40\0\x14" + bytes(20) + b"\0"
    yield b"\x25\1\0" + piece(b"") + b"\7\1\2"
    yield b"\x25\1\1\0\x60\0\x42" + piece(b"\x1c\0\0\0")
    yield b"\x45\1\x20" + bytes(range(32)) + piece(b"\x06\0\x40\x04abcd") + b"\7\1\3"
    yield b"\0\1" + piece(bytes(40)) + b"\0\2" + piece(b"\x40" + bytes(30))


def quic_session() -> Iterator[bytes]:
    """Return rows of steps: kind, what it takes, then the host of the packet's source."""
    hello, host = b"\x45\0", b"\0"
    yield hello + b"\x4a\1\0\x64" + host + b"\x0a\0\2\0" + host + b"\x4d\1"
    yield hello + b"\x46" + piece(b'{"type":"ping","nonce":1}') + host
    yield b"\x47" + piece(b"\xff\xff\xff\xff") + host + hello
    yield hello + b"\xcc" + host + b"\xcc" + host + b"\x4d\4"
    yield hello + b"\x4e" + bytes(8) + b"\xc3" + b"\x4e" + bytes(8) + b"\xc4"
    for kind in range(21):
        yield hello + bytes((0x41, kind)) + b"\1\2\3\4\5\6" + host + b"\x4d\2"
        yield hello + bytes((0x41, kind)) + b"\xbe\0\xbe\0\xbe\0\0" + host
    yield hello + b"\x4f\0\0\2\0\0\0\0\0" + host + b"\x4f\xa0\0\x1f" + bytes(70) + host
    yield hello + b"\x48\7\4\0" + piece(b"other stream") + host
    yield hello + b"\x48\6\0\x8f\0" + piece(b"far ahead") + host
    yield hello + b"\x49" + piece(bytes(40)) + host + b"\x40" + piece(b"\x31\5hello") + b"\x23"


SEEDS: Final = (
    control_framing,
    datagrams,
    reassembly,
    ethernet,
    endpoint_session,
    gateway_bridge,
    player_addressing,
    relay_sessions,
    udp_entry,
    quic_session,
)


def write(name: str, inputs: Iterable[bytes]) -> int:
    """Write a corpus; return how many inputs it got."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("seed-*"):
        old.unlink()
    written = 0
    for number, data in enumerate(dict.fromkeys(inputs)):
        (folder / f"seed-{number:03}").write_bytes(data)
        written += 1
    return written


def main() -> None:
    """Write all."""
    for make in SEEDS:
        print(f"{make.__name__}: {write(make.__name__, make())} inputs")


if __name__ == "__main__":
    main()
