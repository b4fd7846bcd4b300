"""What a LAN tells who only listens: other gateways, spanning trees, VLANs. Pure."""

from typing import Final

from lanparty_ethernet import ETHERTYPE_PROBE, PacketError, Probe, ProbeKind
from lanparty_gateway.preflight.facts import HeardFacts
from lanparty_proto import EthernetHeader

__all__ = ["Listening"]

_BRIDGES: Final = bytes.fromhex("0180c2000000")
"""Bridge group address (IEEE 802.1Q-2022 table 8-1)."""
_CISCO_BRIDGES: Final = bytes.fromhex("01000ccccccd")
"""Where Cisco's switches send a spanning tree for each VLAN."""

_BPDU: Final = bytes.fromhex("4242030000")
"""LLC of the spanning tree protocol and its protocol identifier (IEEE 802.1Q-2022 clause 14.1)."""
_CISCO_BPDU: Final = bytes.fromhex("aaaa0300000c010b")
"""SNAP of PVST+."""
_VERSIONS: Final = {0: "STP", 2: "RSTP", 3: "MSTP", 4: "SPT"}
"""By protocol version (clause 14.1); a newer one understands RSTP at least."""

_MOST_GATEWAYS: Final = 16
"""Two are told as one is: more tells nothing, and an id is whatever a stranger writes."""


class Listening:
    """Collects from frames what matters. It keeps no frame."""

    def __init__(self, *, vlan: int | None = None) -> None:
        """`vlan` is the one whose frames are the LAN; None: the untagged ones are."""
        self._vlan = vlan
        self._gateways: set[int] = set()
        self._spanning_trees: set[str] = set()
        self._vlans: set[int] = set()

    def concerns(self, header: EthernetHeader) -> bool:
        """Whether a frame is of the LAN that is asked for, and not of another VLAN.

        Tags for a priority alone (IEEE 802.1Q-2022 clause 6.9) are no VLAN.
        """
        tagged = header.tag.vlan if header.tag else 0
        return tagged == (self._vlan or 0)

    def receive(self, header: EthernetHeader) -> None:
        """Take a frame of the LAN."""
        if header.tag is not None and header.tag.vlan:
            self._vlans.add(header.tag.vlan)
        if header.ethertype == ETHERTYPE_PROBE and self.concerns(header):
            self._receive_probe(header.payload)
        elif header.destination == _BRIDGES and header.payload[:5] == _BPDU:
            self._spanning_trees.add(_version_of(header.payload))
        elif header.destination == _CISCO_BRIDGES and header.payload[:8] == _CISCO_BPDU:
            self._spanning_trees.add("PVST+")

    def facts(self, seconds: float) -> HeardFacts:
        """Return all that was heard in so many seconds."""
        return HeardFacts(
            gateways=tuple(sorted(self._gateways)),
            spanning_trees=tuple(sorted(self._spanning_trees)),
            vlans=tuple(sorted(self._vlans)),
            seconds=seconds,
        )

    def _receive_probe(self, payload: memoryview) -> None:
        try:
            probe = Probe.parse(payload)
        except PacketError:
            return
        if probe.kind is ProbeKind.LOOP and len(self._gateways) < _MOST_GATEWAYS:
            self._gateways.add(probe.nonce)


def _version_of(bpdu: memoryview) -> str:
    version = bpdu[len(_BPDU)] if len(bpdu) > len(_BPDU) else 0
    return _VERSIONS.get(version, "RSTP")
