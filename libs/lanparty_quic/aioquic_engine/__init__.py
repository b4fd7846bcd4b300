"""The reference engine: aioquic's sans-IO connections behind softlan's endpoint.

    endpoint        routes packets, takes them in by turns, keeps the timers
    connection      one connection: handshake, control stream, datagrams, close
    feeding         datagrams into the packets that may leave now
    control         control bytes into the stream
    endings         what a QUIC close means; closing repeats it to a peer that goes on talking
    acceptance      first packets: version negotiation, Retry, bounds
    configuration   what both sides offer
    private         the few private fields of aioquic that the others need, in one place

Nothing outside this package imports aioquic.
"""

from lanparty_quic.aioquic_engine.endpoint import AioquicEndpoint

__all__ = ["AioquicEndpoint"]
