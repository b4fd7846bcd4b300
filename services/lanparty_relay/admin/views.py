"""Turns what was observed into the API's answers."""

from dataclasses import fields
from datetime import UTC, datetime

from lanparty_ctrl import Role
from lanparty_obs.counters import TunnelCounters
from lanparty_obs.reasons import Cast, EgressDrop, IngressDrop, PacketDrop
from lanparty_relay.admin import models
from lanparty_relay.admin.observation import Observation
from lanparty_relay.admin_link import Configuration, Heartbeat, PeerRecord, Report, RoomRecord

__all__ = ["view_of_peer", "view_of_relay", "view_of_room", "view_of_room_with_code"]


def view_of_relay(seen: Observation, heartbeat: Heartbeat) -> models.Relay:
    """Show the relay."""
    configuration, sessions = seen.configuration, heartbeat.sessions
    return models.Relay(
        version=configuration.version,
        listen=configuration.listen,
        pin=configuration.pin,
        started_at=_time(seen, configuration.started_at),
        uptime_seconds=_age(seen, configuration.started_at),
        heartbeat_age_seconds=round(max(0.0, seen.heartbeat_age or 0.0), 3),
        limits=models.Limits.model_validate(configuration.limits),
        rooms=len(seen.rooms),
        peers=sum(1 for _ in seen.peers()),
        connections=heartbeat.connections,
        leases=heartbeat.leases,
        counters=_counters(seen.snapshot.total(0)),
        packets=models.Packets(
            received=heartbeat.packets_received,
            routed=heartbeat.packets_routed,
            sent=heartbeat.packets_sent,
            dropped={reason: heartbeat.packets_dropped.get(reason, 0) for reason in PacketDrop},
            socket_overflows=heartbeat.socket_overflows,
        ),
        memory=_memory(configuration, heartbeat),
        handshakes=models.Handshakes.model_validate(heartbeat.handshakes),
        sessions=models.Sessions.model_validate(sessions),
        admin=models.AdminHalf(restarts=configuration.admin_restarts),
        snapshot=models.SnapshotInfo(
            generation=seen.snapshot.generation, exact=seen.snapshot.exact
        ),
    )


def _memory(configuration: Configuration, heartbeat: Heartbeat) -> models.Memory:
    parts = {
        part: models.MemoryShare(most_bytes=most, used_bytes=heartbeat.memory.get(part, 0))
        for part, most in configuration.memory.items()
    }
    return models.Memory(
        most_bytes=sum(part.most_bytes for part in parts.values()),
        used_bytes=sum(part.used_bytes for part in parts.values()),
        resident_bytes=heartbeat.resident_bytes,
        parts=parts,
    )


def view_of_room(seen: Observation, room: RoomRecord) -> models.RoomSummary:
    """Show a room without its code."""
    peers = seen.peers_by_room[room.room_id]
    return models.RoomSummary(
        room_id=room.room_id,
        mtu=room.mtu,
        network=room.network,
        lasting=room.lasting,
        peers_limit=_peers_limit(seen, room),
        opened_at=_time(seen, room.opened_at),
        expires_at=None if room.expires_at is None else _time(seen, room.expires_at),
        age_seconds=_age(seen, room.opened_at),
        peers=len(peers),
        gateway=any(peer.role is Role.GATEWAY for peer in peers),
        standby_gateways=room.standby_gateways,
        counters=_counters(seen.snapshot.total(room.block)),
    )


def _peers_limit(seen: Observation, room: RoomRecord) -> int:
    relays = seen.configuration.limits.peers_per_room
    return relays if room.peers_limit is None else min(room.peers_limit, relays)


def view_of_room_with_code(seen: Observation, room: RoomRecord) -> models.Room:
    """Show a room with its code."""
    return models.Room(**dict(view_of_room(seen, room)), code=room.code)


def view_of_peer(seen: Observation, peer: PeerRecord) -> models.Peer:
    """Show a peer."""
    return models.Peer(
        room_id=peer.room_id,
        peer_id=peer.peer_id,
        role=peer.role,
        mac=peer.mac,
        name=peer.name,
        address=peer.address,
        lease=peer.lease,
        joined_at=_time(seen, peer.joined_at),
        age_seconds=_age(seen, peer.joined_at),
        round_trip_seconds=seen.snapshot.round_trip_seconds(peer.block),
        counters=_counters(seen.snapshot.own(peer.block)),
        reported=None if peer.report is None else _reported(seen, peer.report),
    )


def _reported(seen: Observation, report: Report) -> models.Reported:
    round_trip = report.round_trip_seconds
    return models.Reported(
        age_seconds=_age(seen, report.reported_at),
        round_trip_seconds=None if round_trip is None else round(round_trip, 6),
        counters=_counters(report.counters),
    )


def _counters(counters: TunnelCounters) -> models.Counters:
    return models.Counters.model_validate(
        {
            **{each.name: getattr(counters, each.name) for each in fields(counters)},
            "forwarded": {cast: counters.forwarded.get(cast, 0) for cast in Cast},
            "dropped_ingress": {
                reason: counters.dropped_ingress.get(reason, 0) for reason in IngressDrop
            },
            "dropped_egress": {
                reason: counters.dropped_egress.get(reason, 0) for reason in EgressDrop
            },
        }
    )


def _time(seen: Observation, moment: float) -> datetime:
    return datetime.fromtimestamp(round(seen.wall_clock(moment), 3), UTC)


def _age(seen: Observation, moment: float) -> float:
    return round(max(0.0, seen.now - moment), 3)
