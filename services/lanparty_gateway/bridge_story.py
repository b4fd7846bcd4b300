"""What a person is told of the bridge: what happened to it, and what still holds."""

from typing import Final

from lanparty_endpoint.happenings import Happening
from lanparty_gateway import sentences
from lanparty_gateway.bridge import (
    AddressContested,
    Bridge,
    ForwardingStopped,
    HostAsked,
    SecondGatewayHeard,
)

__all__ = ["BridgeStory"]

_LASTING: Final = (HostAsked, SecondGatewayHeard, AddressContested)
"""What goes on to be worth knowing after it was told."""


class BridgeStory:
    """Follows one bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._untold: list[Happening] = []
        self._said: dict[type, str] = {}

    @property
    def notices(self) -> list[str]:
        """Sentences that hold now; why it has stopped comes first."""
        stopped = self._bridge.state.sentence
        said = [
            sentence
            for kind, sentence in self._said.items()
            if kind is not AddressContested or self._bridge.has_contested_addresses
        ]
        return [stopped, *said] if stopped else said

    def note(self) -> bool:
        """Take what happened to the bridge. True if there was something."""
        events = self._bridge.events()
        for event in events:
            if isinstance(event, _LASTING):
                self._said[type(event)] = event.sentence
            elif isinstance(event, ForwardingStopped):
                self._said.pop(SecondGatewayHeard, None)
            self._untold.append(sentences.of_bridge(event))
        return bool(events)

    def take(self) -> list[Happening]:
        """Take what wasn't told yet."""
        untold, self._untold = self._untold, []
        return untold
