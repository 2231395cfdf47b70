"""Shows the ledger in `draws` to the witness of this host, so that only a real loss is refused.

The ledger is read first and compared then. In between, another worker may close a month, and a
worker of this host write the file: what was read is behind the file, and nothing is lost. So a
ledger that the witness calls too short is read again. That reading begins after the file was
written, and shows all that the file then held, unless it is gone.
"""

from collections.abc import Callable

from consumers.release.draws_state import DrawsFollower, DrawsState
from exchange.core.errors import LedgerBehind
from exchange.core.release.closed_epochs import Closed
from exchange.engine.log import Log


async def witnessed_draws(
    follower: DrawsFollower, log: Log, show: Callable[[Closed, str], object], found: DrawsState | None = None
) -> DrawsState:
    """Everything in `draws`, once the witness has been shown it.

    `show`: compares a ledger and the id of its cluster with the witness, and raises as it does.
    `found`: what was read already. Raises as `show` and `DrawsFollower.catch_up`.
    """
    cluster, said = await log.cluster_id(), ""
    seen = await follower.catch_up() if found is None else found
    while True:
        try:
            show(seen.closed, cluster)
        except LedgerBehind as behind:
            if said == str(behind):  # nothing new was read, and the file is as it was
                raise
            said = str(behind)
        else:
            return seen
        seen = await follower.catch_up()
