"""Finished checksums and segments, judged by scapy, which computes them in another way."""

from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

from lanparty_ethernet import OffloadKind, complete_checksum, internet_checksum, segment

LARGEST = 60_000

unhurried = settings(deadline=None)
"""Scapy takes a while for 60,000 bytes, and longer on a busy machine."""


def ethernet(*tags: Packet) -> Packet:
    frame = Ether(dst="02:00:5e:00:00:02", src="02:00:5e:00:00:01")
    for tag in tags:
        frame = frame / tag
    return frame


TAGS = st.sampled_from([(), (Dot1Q(vlan=7, prio=3),), (Dot1AD(vlan=5), Dot1Q(vlan=7))])


@st.composite
def heads(draw: st.DrawFn) -> Packet:
    head = ethernet(*(tag.copy() for tag in draw(TAGS)))
    if draw(st.booleans()):
        options = [IPOption_Router_Alert()] if draw(st.booleans()) else []
        identification = draw(st.integers(0, 0xFFFF))
        flags = draw(st.sampled_from([0, 2]))
        return head / IP(
            src="10.77.0.1", dst="10.77.0.2", id=identification, flags=flags, options=options, tos=3
        )
    head = head / IPv6(src="fd00::1", dst="fd00::2", fl=draw(st.integers(0, 0xFFFFF)), tc=3)
    if draw(st.booleans()):
        head = head / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt()
    return head


def as_sent(packet: Packet) -> Packet:
    """Let scapy compute lengths and checksums, then read what it wrote."""
    return Ether(bytes(packet))


def recomputed(frame: bytes) -> bytes:
    """The frame with every length and checksum computed by scapy."""
    packet = Ether(frame)
    for layer in (IP, IPv6, TCP, UDP):
        if layer in packet:
            for name in {"chksum", "len", "plen"} & packet[layer].fields.keys():
                packet[layer].delfieldval(name)  # scapy forgets the octets that it read, too
    return bytes(packet)


@unhurried
@given(
    head=heads(),
    size=st.integers(0, LARGEST),
    segment_size=st.integers(536, 1460),
    mtu=st.sampled_from([1280, 1400, 1500]),
    sequence=st.integers(0, 0xFFFFFFFF),
    flags=st.sampled_from(["A", "PA", "FPA", "CPA", "CEFPA"]),
    has_timestamps=st.booleans(),
    trailer=st.integers(0, 4),
)
def test_segments_of_tcp_are_what_scapy_would_write_and_make_up_the_whole(
    head: Packet,
    size: int,
    segment_size: int,
    mtu: int,
    sequence: int,
    flags: str,
    has_timestamps: bool,
    trailer: int,
) -> None:
    data = bytes(number * 7 & 0xFF for number in range(size))
    options = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))] if has_timestamps else []
    tcp = TCP(sport=5, dport=6, seq=sequence, ack=9, flags=flags, options=options)
    whole = as_sent(head / tcp / Raw(data))
    whole[TCP].chksum = 0xBEEF
    kind = OffloadKind.TCP4 if IP in whole else OffloadKind.TCP6
    frame = bytes(whole) + bytes(trailer)
    cut = segment(frame, kind=kind, segment_size=segment_size, mtu=mtu)
    network = len(whole) - len(whole[IP] if IP in whole else whole[IPv6])
    put_together = b""
    for number, octets in enumerate(cut):
        assert octets == recomputed(octets)
        assert len(octets) - network <= mtu
        found = Ether(octets)
        payload = bytes(found[TCP].payload)
        assert len(payload) <= segment_size
        assert found[TCP].seq == (sequence + len(put_together)) & 0xFFFFFFFF
        is_first, is_last = number == 0, number == len(cut) - 1
        wanted = {flag for flag in flags if is_last or flag not in "FP"}
        assert set(str(found[TCP].flags)) == {flag for flag in wanted if is_first or flag != "C"}
        assert (
            bytes(found[TCP])[20 : found[TCP].dataofs * 4]
            == bytes(whole[TCP])[20 : whole[TCP].dataofs * 4]
        )
        assert octets[:network] == frame[:network]
        if IP in found:
            assert found[IP].id == (whole[IP].id + number) & 0xFFFF
        put_together += payload
    assert put_together == data


@unhurried
@given(head=heads(), size=st.integers(0, LARGEST), segment_size=st.integers(1, 1_436))
def test_datagrams_are_what_scapy_would_write_and_make_up_the_whole(
    head: Packet, size: int, segment_size: int
) -> None:
    size = min(size, segment_size * 64)
    data = bytes(number * 7 & 0xFF for number in range(size))
    frame = bytes(as_sent(head / UDP(sport=5, dport=6) / Raw(data)))
    cut = segment(frame, kind=OffloadKind.UDP_SEGMENTS, segment_size=segment_size, mtu=1500)
    payloads = [bytes(Ether(octets)[UDP].payload) for octets in cut]
    assert b"".join(payloads) == data
    assert all(len(payload) == segment_size for payload in payloads[:-1])
    assert all(octets == recomputed(octets) for octets in cut)
    assert all(Ether(octets)[UDP].chksum for octets in cut)


@unhurried
@given(head=heads(), data=st.binary(max_size=64), is_tcp=st.booleans())
def test_a_completed_checksum_is_the_one_that_scapy_writes(
    head: Packet, data: bytes, is_tcp: bool
) -> None:
    transport = TCP(sport=5, dport=6) if is_tcp else UDP(sport=5, dport=6)
    finished = bytes(as_sent(head / transport / Raw(data)))
    length = len(bytes(transport)) + len(data)
    start, offset = len(finished) - length, 16 if is_tcp else 6
    found = Ether(finished)
    addresses = bytes(found[IP])[12:20] if IP in found else bytes(found[IPv6])[8:40]
    number = (6 if is_tcp else 17).to_bytes(2)
    pseudo_sum = internet_checksum(addresses + number + length.to_bytes(2)) ^ 0xFFFF
    at = start + offset
    given_frame = finished[:at] + pseudo_sum.to_bytes(2) + finished[at + 2 :]
    assert complete_checksum(given_frame, start=start, offset=offset) == finished
