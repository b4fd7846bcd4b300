"""What connections report to their endpoint: events, payloads, and by which ids they are found."""

from lanparty_quic.endpoint import ConnectionKey, EndpointEvent, Received

__all__ = ["Inbox"]


class Inbox:
    """Shared by all connections of one endpoint; the endpoint's consumer empties it."""

    def __init__(self) -> None:
        self.routes: dict[bytes, ConnectionKey] = {}
        """Connection ids that peers may address (RFC 9000 section 5.1)."""
        self._events: list[EndpointEvent] = []
        self._opened: list[bytes] = []
        self._payloads: dict[ConnectionKey, list[bytes]] = {}

    @property
    def has_news(self) -> bool:
        """Something waits to be taken."""
        return bool(self._events or self._payloads)

    def add_event(self, event: EndpointEvent) -> None:
        """Report what happened."""
        self._events.append(event)

    def open_payload(self, payload: bytes) -> None:
        """Report a datagram of the packet that is being taken in."""
        self._opened.append(payload)

    def take_opened(self) -> list[bytes]:
        """Take what was in that packet; the endpoint decides when the consumer gets it."""
        if not self._opened:
            return []
        taken, self._opened = self._opened, []
        return taken

    def add_payload(self, connection: ConnectionKey, payload: bytes) -> None:
        """Hand a datagram to the consumer."""
        found = self._payloads.get(connection)
        if found is None:
            self._payloads[connection] = [payload]
        else:
            found.append(payload)

    def events(self) -> list[EndpointEvent]:
        """Take the events."""
        taken, self._events = self._events, []
        return taken

    def datagrams(self) -> list[Received]:
        """Take the datagrams."""
        if not self._payloads:
            return []
        taken, self._payloads = self._payloads, {}
        return [Received(key, payloads) for key, payloads in taken.items()]
