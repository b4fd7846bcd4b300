"""Why the LAN's network interface can't be had: for people and for exit codes."""

from enum import StrEnum

__all__ = ["PortError", "PortFault"]


class PortFault(StrEnum):
    """What stands in the way."""

    NO_DEVICE = "no_device"
    """There is no interface of that name."""
    NOT_PERMITTED = "not_permitted"
    """The process lacks CAP_NET_RAW."""
    NOT_ETHERNET = "not_ethernet"
    REFUSED = "refused"
    """The kernel said no for another reason; the sentence has its words."""


class PortError(Exception):
    """The port could not be opened. Its text is a sentence for a person."""

    def __init__(self, fault: PortFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence
