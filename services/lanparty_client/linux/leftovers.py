"""Cleans what a softlan that was killed could not take along.

Its TAP interface is gone with it, and everything on the interface. There remain routes around the
interface, known by softlan's protocol number and the index of the interface in their metric, and
the files that tell network services to leave it alone, known by their names. So nothing has to be
written down beforehand, and nobody else's is touched.
"""

import errno
from pathlib import Path
from typing import Final

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanparty_client.linux.kernel_tables import delete_route, read_links, read_routes
from lanparty_client.linux.leave_alone import remove_abandoned_drop_ins
from lanparty_client.linux.reconciling import owner_of_way

__all__ = ["remove_leftovers"]

_RUN: Final = Path("/run")


async def remove_leftovers(*, run: Path = _RUN) -> int:
    """Clean up before a join. Returns how many routes were removed.

    Without CAP_NET_ADMIN it removes nothing, and says nothing: the join itself will.
    """
    async with AsyncIPRoute() as netlink:
        # Routes first: whoever's route is in the list has its interface in the later one.
        routes = await read_routes(netlink)
        links = await read_links(netlink)
        indexes = {link.index for link in links}
        abandoned = [
            route
            for route in routes
            if (owner := owner_of_way(route)) is not None and owner not in indexes
        ]
        for route in abandoned:
            try:
                await delete_route(netlink, route)
            except NetlinkError as error:
                if error.code != errno.EPERM:
                    raise
                return 0
    await remove_abandoned_drop_ins({link.name for link in links}, run=run)
    return len(abandoned)
