"""The relay: rooms that players join over QUIC, counted and shown to its operator.

command    the console script, which loads `program`
core/      every decision, pure
serving    one turn: endpoint -> core -> endpoint
running    start, stop, and how the parts hang together
supervisor, admin_link/, inventory, stopgap   the admin process, seen from the relay
lease_keeper, room_keeper, kept_file   what outlives the relay, in its state directory
admin/     the process that answers HTTP and Prometheus
"""
