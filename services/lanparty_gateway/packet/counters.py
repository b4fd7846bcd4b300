"""What a packet port counts."""

from dataclasses import dataclass

__all__ = ["PortCounters"]


@dataclass(slots=True, kw_only=True)
class PortCounters:
    """Since the port was opened, across every time that its interface went and came back."""

    frames_read: int = 0
    """Finished frames that were returned, segments included."""
    frames_written: int = 0
    kernel_drops: int = 0
    """Frames that the kernel's filter let through, and that found no room to wait in, or that it
    couldn't describe (PACKET_STATISTICS)."""
    completed_checksums: int = 0
    """Single frames that came with an unfinished checksum."""
    superframes: int = 0
    """Frames that were many, and became `segments`."""
    segments: int = 0
    unreadable: int = 0
    """Frames whose offload the kernel described in a way that makes no sense for what is in them,
    or that is unknown (UDP fragmentation offload too)."""
    truncated: int = 0
    """Long frames of which only the beginning found room."""
    refused_writes: int = 0
    """Frames that the kernel didn't send: too long for the interface, no Ethernet, or no room."""
    reopened: int = 0
    """How often the interface came back as another one of the same name."""
    coarse_filters: int = 0
    """How often the kernel had no memory for a filter that knows the members; a coarse one keeps
    out the tunnel alone, and the bridge drops the rest."""
