"""The doctor and the ping of `lanparty-client`: what acts; judgements are in lanparty_endpoint."""
