"""What happened on the relay, as log lines with fixed fields: room, peer, reason.

Room codes and tokens never stand in a log, and nothing here is written for a single frame.
"""

from typing import Final

from structlog.stdlib import BoundLogger

from lanparty_obs.codes import SessionEnd
from lanparty_relay.core import (
    HelloRejected,
    LifecycleEvent,
    MemberJoined,
    MemberLeft,
    MemberMoved,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    RoomRenumbered,
    SessionFaulted,
    StandbysChanged,
)

__all__ = ["Journal"]


class Journal:
    """Writes lifecycle events to a log."""

    def __init__(self, log: BoundLogger) -> None:
        self._log: Final = log

    def note(self, event: LifecycleEvent) -> None:
        """Write one line, or none: reports come every few seconds and belong to the metrics."""
        match event:
            case RoomOpened(room_id=room_id, mtu=mtu, network=network, lasting=lasting):
                self._log.info(
                    "room opened", room=room_id, mtu=mtu, network=str(network), lasting=lasting
                )
            case RoomChanged(room_id=room_id):
                self._log.info("room changed", room=room_id)
            case RoomRenumbered(room_id=room_id, network=network):
                self._log.info("room renumbered", room=room_id, network=str(network))
            case RoomClosed(room_id=room_id, reason=reason):
                self._log.info("room closed", room=room_id, reason=reason.value)
            case MemberJoined():
                self._log.info(
                    "member joined",
                    room=event.room_id,
                    peer=event.peer_id,
                    role=event.role.value,
                    address=event.address[0],
                    resumed=event.resumed,
                )
            case MemberLeft(room_id=room_id, peer_id=peer_id, reason=reason):
                self._log.info("member left", room=room_id, peer=peer_id, reason=reason.value)
            case MemberMoved(room_id=room_id, peer_id=peer_id, address=address):
                self._log.info("member moved", room=room_id, peer=peer_id, address=address[0])
            case StandbysChanged(room_id=room_id, waiting=waiting):
                self._log.info("standby gateways", room=room_id, waiting=waiting)
            case HelloRejected(address=address, code=SessionEnd.JOIN_LIMIT):
                # Whoever knocks too often must not fill the log; the metrics count it.
                self._log.debug(
                    "hello rejected", address=address[0], reason=SessionEnd.JOIN_LIMIT.value
                )
            case HelloRejected(address=address, code=code):
                self._log.info("hello rejected", address=address[0], reason=code.value)
            case SessionFaulted():
                self._log.info(
                    "session faulted",
                    room=event.room_id,
                    peer=event.peer_id,
                    address=event.address[0],
                    reason=event.fault.value,
                    text=event.text,
                )
