"""What `lanparty-sim join` tells of its player: lines for a person, JSON objects for a program."""

from lanparty_client_core import (
    MemberChanged,
    MemberJoined,
    MemberLeft,
    SessionEnded,
    SessionEvent,
    SessionState,
    StateChanged,
)
from lanparty_endpoint import endings
from lanparty_endpoint.happenings import Happening, Weight, of_member
from lanparty_endpoint.telling import told
from lanparty_endpoint.views import JsonView, LineView
from lanparty_sim.player import Player
from lanparty_sim.settings import JoinSettings

__all__ = ["StayTeller"]

_LOST = "The connection to the relay was lost. Trying again until it is back; Ctrl-C leaves."


class StayTeller:
    """Tells of one player's time in one room, in an order that makes sense."""

    def __init__(self, settings: JoinSettings) -> None:
        self._settings = settings
        self._view = (
            JsonView(verbose=settings.verbose)
            if settings.json_
            else LineView(quiet=settings.quiet, verbose=settings.verbose)
        )
        self._early: list[SessionEvent] = []
        self.was_joined = False
        self._lost = False

    def connecting(self) -> None:
        """Say where it goes."""
        self._view.show(Happening("connecting", f"Joining through {self._settings.relay} ..."))

    def joined(self, player: Player) -> None:
        """Say where it is."""
        self.was_joined = True
        welcome = player.welcome
        back = "Back in" if welcome.resumed else "In"
        room = self._settings.room
        code = room.spelled(welcome.room_code) if room else welcome.room_code.spoken()
        if self._settings.quiet and room is None and not self._settings.json_:
            self._view.show(Happening("room", code, weight=Weight.IMPORTANT))
        self._view.show(
            Happening(
                "joined",
                f"{back} room {code} (id {welcome.room_id}, MTU {welcome.mtu}) "
                f"as peer {welcome.peer_id}, {player.host.mac} {player.host.address}. "
                "Ctrl-C leaves.",
                {
                    "room_code": welcome.room_code,
                    "room_id": welcome.room_id,
                    "peer_id": welcome.peer_id,
                    "mtu": welcome.mtu,
                    "mac": str(player.host.mac),
                    "address": str(player.host.address),
                    "resumed": welcome.resumed,
                },
            )
        )
        early, self._early = self._early, []
        for event in early:
            self.observe(event)

    def back(self, player: Player) -> None:
        """Say that it is in the room again, after an outage that was told."""
        if self._lost:
            self._lost = False
            self.joined(player)

    def not_joined(self, ended: SessionEnded, sentence: str) -> None:
        """Say why it is not in the room, and what may help."""
        self._goodbye(ended, sentence)
        if hint := endings.mistyped(self._settings.room_code, ended):
            self._view.show(hint)

    def left(self) -> None:
        """Say goodbye."""
        self._view.show(endings.left(was_joined=self.was_joined))

    def observe(self, event: SessionEvent) -> None:
        """Tell of somebody else, or of the end."""
        match event:
            case MemberJoined() | MemberChanged() | MemberLeft() if not self.was_joined:
                self._early.append(event)  # Who is there is told after where that is.
            case MemberJoined() | MemberChanged() | MemberLeft():
                self._view.show(of_member(event))
            case StateChanged(state=SessionState.RECONNECTING):
                self._lost = True
                self._view.show(Happening("reconnecting", _LOST, weight=Weight.IMPORTANT))
            case StateChanged(state=SessionState.DISCONNECTED, ended=SessionEnded() as ended):
                if self.was_joined:
                    self._goodbye(ended, ended.sentence)
            case StateChanged(state=state):
                fields = {"state": state.value}
                self._view.show(Happening("state", f"  {told(event)}", fields, Weight.DETAIL))

    def _goodbye(self, ended: SessionEnded, sentence: str) -> None:
        self._view.show(endings.ending(ended, was_joined=self.was_joined, sentence=sentence))
        if ended.text not in ("", sentence):
            detail = f"  in detail: {ended.text}"
            self._view.show(Happening("detail", detail, weight=Weight.DETAIL))
