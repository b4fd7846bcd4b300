"""The admin process: HTTP API and metrics of a relay, beside it and never in its way.

process    from the inherited descriptors to a serving web app
state      what the relay told, and how to command it
snapshot   exact copies of the counters that the relay shares
app        the web app, made from its parts
"""
