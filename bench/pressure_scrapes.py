"""A Prometheus in a hurry: reads /metrics all the time."""

import time
from multiprocessing.connection import Connection
from typing import Final

import httpx
from pressure_workers import Summary

__all__ = ["scrape"]

_EVERY: Final = 0.1
_TIMEOUT: Final = 10.0


def scrape(pipe: Connection, admin_url: str, token: str) -> None:
    """Begin when told to, go on until told again; say how often it got an answer."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    with httpx.Client(base_url=admin_url, headers=headers, timeout=_TIMEOUT) as client:
        pipe.send(None)
        pipe.recv()
        began = due = time.monotonic()
        scrapes = refused = 0
        while not pipe.poll(max(0.0, due - time.monotonic())):
            due = max(due + _EVERY, time.monotonic())
            answer = client.get("/metrics")
            scrapes += answer.is_success
            refused += not answer.is_success
        pipe.recv()
        pipe.send(Summary(scrapes, time.monotonic() - began, refused))
