"""Why a port's network interface can't be had, or was lost: for people and for exit codes."""

from enum import StrEnum

__all__ = ["PortError", "PortFault"]


class PortFault(StrEnum):
    """What stands in the way."""

    NO_DEVICE = "no_device"
    """There is no interface of that name, or none that the system could make."""
    NOT_PERMITTED = "not_permitted"
    """The process lacks a right."""
    NOT_ETHERNET = "not_ethernet"
    NAME_TAKEN = "name_taken"
    NAME_INVALID = "name_invalid"
    GONE = "gone"
    """It was there, and somebody removed it."""
    REFUSED = "refused"
    """The kernel said no for another reason; the sentence has its words."""


class PortError(Exception):
    """The port could not be opened, set up or kept. Its text is a sentence for a person."""

    def __init__(self, fault: PortFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence
