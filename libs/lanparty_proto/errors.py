"""The base of this package's errors.

    ProtoError
    |- OverlayError           no overlay datagram of this version       (remote peer)
    |- EthernetError          no Ethernet frame                         (remote peer or host)
    |- MacAddressError        no MAC address, or no player's            (remote peer or user)
    |- CutError               a frame can't be cut to this budget       (local misuse)
    |- DatagramSizeError      a size that no QUIC path may have         (local misuse)
    `- ReassemblyLimitsError  limits under which nothing would work     (local misuse)

What raises them has consumed and changed nothing.
"""

__all__ = ["ProtoError"]


class ProtoError(Exception):
    """Something given to this package is not what the protocol allows."""
