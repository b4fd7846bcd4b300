"""Endpoints that mean harm: they speak real QUIC and then do wrong, layer by layer.

A module's offences come one after the other to one relay, which each must leave as it was.
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from siege import Siege


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def siege() -> AsyncIterator[Siege]:
    """A relay that lets everybody join, and two polite players in a room."""
    async with Siege() as besieged:
        yield besieged
