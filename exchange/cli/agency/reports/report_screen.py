"""A funder's report at a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from exchange.cli.agency.reports.report_remarks import NUMBERS, by_hand, noted
from exchange.cli.shared.console import table
from exchange.core.words import number_of
from producers.reports.funder_report import FOR_WHOM, FunderReport, HowCertain

MEND = "`exchange edge check` names the rows, and what to do in the case system."


def shown_report(made: FunderReport, minutes_by_hand: int | None) -> Iterator[RenderableType]:
    """The report, section by section: what cannot be known for one reason is said once."""
    yield Text(made.title, style="bold")
    yield Text(FOR_WHOM)
    yield Text(f"Counted from {made.counted_from}.")
    yield from map(Text, made.notes)
    for title, source, cells in made.sections():
        shown, folded = by_hand(cells)
        section = noted(title, source, shown)
        notes = [f"{number} {words}" for number, words in enumerate(section.notes, 1)]
        caption = "\n".join((*notes, *([folded] if folded else ()), f"Names: {source or 'ours alone'}."))
        made_table = table(*NUMBERS, right=("number",), title=title, caption=caption)
        for row in section.rows:
            made_table.add_row(*row)
        yield made_table if section.rows else Text(f"{title}\n{caption}")
    yield from _causes(made)
    yield Text(", ".join(f"{certain}: {made.count(certain)}" for certain in HowCertain))
    yield Text(made.summary(minutes_by_hand))


def _causes(made: FunderReport) -> Iterator[RenderableType]:
    if made.causes:
        shown = table("rule", "file", "what", "number", right=("number",), title="What could not be read", caption=MEND)
        for cause in made.causes:
            shown.add_row(cause.rule, cause.file, cause.words, number_of(cause.rows, "row"))
        yield shown
