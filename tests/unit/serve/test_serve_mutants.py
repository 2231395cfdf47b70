"""The public face with one rule broken each: a named law notices every one."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from consumers.serve import access, answering, reader_tokens, service
from consumers.serve.snapshot import columns, snapshot
from consumers.serve.stream import readers_stream
from consumers.serve.views import accepting, prepared
from consumers.sheets import figure_columns
from exchange.wire import point_rows
from tests.kits.broken_rules import BrokenRule, Law, notices
from tests.kits.serve_world import JANUARY, asking, that_has_read
from tests.unit.serve import test_api as of_api
from tests.unit.serve import test_guard as of_guard
from tests.unit.serve import test_point_rows as of_rows
from tests.unit.serve import test_snapshot as of_snapshot
from tests.unit.serve import test_stream as of_stream


def asks(law: Callable[..., Coroutine[object, object, None]], *given: object) -> Law:
    """A law about answers, with a client of a service that has read everything."""

    async def asked() -> None:
        async with asking(that_has_read(JANUARY)) as client:
            await law(client, *given)

    def checked() -> None:
        asyncio.run(asked())

    return checked


def runs(law: Callable[..., Coroutine[object, object, None]], *given: object) -> Law:
    """A law that has its own world."""

    def checked() -> None:
        asyncio.run(law(*given))

    return checked


def with_a_file(law: Callable[[Path], object]) -> Law:
    """A law about a file of tokens."""

    def checked() -> None:
        with tempfile.TemporaryDirectory() as folder:
            made = law(Path(folder) / "reader_tokens.txt")
            if asyncio.iscoroutine(made):
                asyncio.run(made)

    return checked


ETAG = asks(of_api.test_an_etag_is_strong_and_saves_the_body)
FOR_EVER = runs(of_api.views_are_the_same_for_ever, ["cases"], ["json"])
NEWEST = asks(of_api.test_the_newest_view_is_asked_for_again_each_time)
HOLDERS = with_a_file(of_guard.test_with_tokens_only_their_holders_get_an_answer)
RESUMED = runs(of_stream.test_a_reader_killed_at_every_event_gets_the_bytes_of_one_that_never_was, of_stream.FILTERED)
MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "a weak ETag": (
        BrokenRule(prepared, "body_of", "f'\"{sha256(plain).hexdigest()[:32]}\"'", "'W/\"1\"'"),
        ETAG,
    ),
    "one ETag for two encodings": (
        BrokenRule(prepared, "Body.chosen", "f'{self.etag[:-1]}-gz\"'", "self.etag"),
        ETAG,
    ),
    "an ETag with its W/": (
        BrokenRule(answering, "_has", "tag.strip().removeprefix('W/')", "tag.strip()"),
        ETAG,
    ),
    "only the first ETag is looked at": (
        BrokenRule(answering, "_has", "etag in tags", "etag == tags[0]"),
        ETAG,
    ),
    "as of a month, and the newest": (
        BrokenRule(service, "Service.metric", "epoch_shown(picture, asked.as_of, complete=complete)", "picture.newest"),
        FOR_EVER,
    ),
    "the newest view for ever": (
        BrokenRule(service, "Service.metric", "asked.as_of is not None and epoch in picture.settled", "True"),
        NEWEST,
    ),
    "gzip for who refuses it": (
        BrokenRule(accepting, "takes_gzip", "not any(_1 for one in parameters)", "True"),
        asks(of_api.test_gzip_goes_to_those_who_take_it),
    ),
    "a token of the file's digest": (
        BrokenRule(reader_tokens, "Tokens.reader", "sha256(token).hexdigest() if token else ''", "token.decode()"),
        HOLDERS,
    ),
    "any token": (
        BrokenRule(reader_tokens, "Tokens.reader", "fits[0] if fits else None", "self.known[0][0]"),
        HOLDERS,
    ),
    "no token fits an empty one": (
        BrokenRule(reader_tokens, "Tokens.reader", "sha256(token).hexdigest() if token else ''", "sha256(token).hexdigest()"),
        with_a_file(of_guard.test_no_token_fits_an_empty_file),
    ),
    "guesses are not counted": (
        BrokenRule(access, "Guard._check", "self._count(f'without {who}')", "None"),
        with_a_file(of_guard.test_guessing_tokens_is_limited_too),
    ),
    "the first address of the proxy's list": (
        BrokenRule(access, "Guard._address", "','.join(_1).rpartition(',')[2]", "','.join(_1).partition(',')[0]"),
        runs(
            of_guard.test_readers_are_told_apart_by_what_cannot_be_made_up,
            "192.0.2.9", "192.0.2.9", ["198.51.100.1, 203.0.113.5", "198.51.100.2, 203.0.113.5"], True,
        ),
    ),
    "a part remembered as another": (
        BrokenRule(point_rows, "_remember", "memory[octets] = part", "memory[octets] = next(iter(memory.values()), part)"),
        of_rows.test_a_row_says_what_the_point_says,
    ),
    "a period that ends where the month begins": (
        BrokenRule(point_rows, "_cut", "_behind_texts(value, at, 2)", "_behind_texts(value, at, 1)"),
        of_rows.test_parts_that_were_met_are_not_handed_over_again,
    ),
    "a schema is not looked at": (
        BrokenRule(point_rows, "_cut", "not value.startswith(prefix)", "False"),
        of_rows.test_a_damaged_value_is_what_it_is_to_a_decoder_that_remembers_nothing,
    ),
    "decimals are not raised": (
        BrokenRule(point_rows, "_raised", "digits * 10 ** (decimals - held)", "digits"),
        of_rows.test_numbers_of_a_point_have_the_decimals_of_the_finest,
    ),
    "a number that no column holds": (
        BrokenRule(point_rows, "_held", "abs(number) > _INT64_MAX", "False"),
        lambda: of_rows.test_a_number_is_one_that_a_column_holds("9" * 18 + ".9", held=False),
    ),
    "arrivals and a period are one": (
        BrokenRule(columns, "Filling.add", "period or ARRIVALS_CODE", "ARRIVALS_CODE"),
        runs(of_snapshot.test_every_published_point_is_in_the_snapshot_with_its_digits_and_status),
    ),
    "rows in the order of the topic": (
        BrokenRule(columns, "Filling.sealed", "order.tolist()", "range(len(rows))"),
        runs(of_snapshot.test_the_order_of_the_topic_and_repeats_change_no_row),
    ),
    "an epoch in parts": (
        BrokenRule(snapshot, "PointSnapshot._begin_run", "Filling(self.picture.epochs.get(epoch))", "Filling()"),
        runs(of_snapshot.test_a_later_point_replaces_an_earlier_one_of_the_same_figure),
    ),
    "a number beside a status that shows none": (
        BrokenRule(figure_columns, "shown", "(None, None, None)", "(point.value, point.low, point.high)"),
        asks(of_api.test_no_cell_of_a_file_is_blank_and_none_that_is_not_shown_has_a_number),
    ),
    "a resumed stream begins at the event it has": (
        BrokenRule(readers_stream, "EventStream._send_new", "event.id > self._place", "event.id >= self._place"),
        RESUMED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    notices(monkeypatch, law, broken)
