"""The exchange moves to another cluster: the edge goes on there, and never back by mistake."""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers import errors
from producers.edge import Edge
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency
from tests.kits.edge_kit.exchange import Exchange
from tests.kits.edge_kit.facts import FOOD, need, publish

HOUSING = e.NeedIdentified(v.Service.housing)


def restored(agency: Agency, archived: int) -> Exchange:
    """An exchange elsewhere with the first events of this one: an empty inbox, and a receipt."""
    new = Exchange(agency.exchange.registration, cluster="new")
    new.inbox.extend(agency.exchange.admitted[:archived])
    new.judge_all()
    new.inbox.clear()
    new.read = 0
    del new.receipts[:-1]
    return new


async def published_here_and_there(tmp_path: Path) -> tuple[Agency, Exchange, Exchange]:
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    archived = len(agency.exchange.admitted)
    await publish(agency, need("b", FOOD))
    old, new = agency.exchange, restored(agency, archived)
    agency.exchange = new
    await publish(agency, need("c", HOUSING))
    return agency, old, new


async def test_an_edge_goes_on_from_the_receipt_and_sends_again_what_the_archive_lacked(tmp_path: Path) -> None:
    _, old, new = await published_here_and_there(tmp_path)
    assert new.admitted[: len(old.admitted)] == old.admitted
    assert len(new.admitted) > len(old.admitted)
    assert old.admitted[0] not in new.inbox  # what the archive holds is not sent again


async def test_a_cluster_that_the_exchange_has_left_gets_nothing_more(tmp_path: Path) -> None:
    agency, old, _ = await published_here_and_there(tmp_path)
    agency.exchange, before = old, list(old.inbox)
    with pytest.raises(errors.ExchangeReplaced, match="The exchange has left cluster in-memory"):
        await publish(agency, need("d"))
    assert old.inbox == before


async def test_a_person_may_confirm_that_the_exchange_is_back(tmp_path: Path) -> None:
    agency, old, new = await published_here_and_there(tmp_path)
    agency.exchange = old
    options = replace(agency.options, over_fork=True)
    async with Edge.open(agency.profile, secret=SECRET, link=old.link(), today=TODAY, options=options) as edge:
        await edge.flush()
    assert old.admitted[: len(new.admitted)] == new.admitted
    await publish(agency, need("d"))
    agency.exchange = new
    with pytest.raises(errors.ExchangeReplaced):
        await publish(agency, need("f"))


async def test_a_cluster_on_which_nothing_was_accepted_yet_is_not_where_the_exchange_is(tmp_path: Path) -> None:
    """A wrong address that leads to another exchange does not lock the right one out."""
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    right = agency.exchange
    agency.exchange = Exchange(right.registration, cluster="wrong", hold_gate=1_000_000)
    with pytest.raises(errors.ExchangeSilent):
        await publish(agency, need("b", FOOD))
    agency.exchange = right
    await publish(agency, need("b", FOOD))
