"""What a report is counted from: a file of the agency's, or what its vault has of all its files.

Rules kept: nothing is sheltered here, as nothing leaves: projects of victim service providers are
counted for the agency itself. Clients on hold are counted nowhere, unless the agency insists.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exchange.core.model.events import CORRECTABLE, Tally
from exchange.core.model.vocabulary import LegalClass
from producers.facts import Fact, Reading, Source
from producers.profile import Profile
from producers.reports.codes_stated import InputFormat
from producers.sources import open_source
from producers.sources.hmis import HmisExport
from producers.sources.sheets.htcds.htcds_table import HtcdsTable
from producers.sources.sheets.spreadsheet import Spreadsheet
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import SOURCE
from producers.vault.key_forms import form_of
from producers.vault.schema import prefix_end
from producers.vault.store import Vault

LeaveOut = Callable[[str], bool]
FILE: Final = "your file"
VAULT: Final = "your vault: the facts that your files stated when you published them"
VAULT_ALONE: Final = "counted from the vault alone, which does not know what could not be read when you published"
_FACTS: Final = (
    "SELECT fact.client, fact.period, fact.schema, fact.want FROM fact LEFT JOIN client ON client.id = fact.client "
    "WHERE fact.want IS NOT NULL AND fact.key >= ? AND fact.key < ? AND (client.held IS NULL OR client.held = 0 OR ?)"
)
_KINDS: Final = tuple(body for body in CORRECTABLE if body is not Tally)


@dataclass(frozen=True, slots=True)
class ReportInput:
    """What a report reads. `source`: None where it reads the vault; `words`: what it is."""

    words: str
    source: Source | None
    vault: Vault | None = None
    with_held: bool = False

    @property
    def short(self) -> str:
        """What it is, in two words."""
        return "your vault" if self.source is None else FILE

    @property
    def is_hmis(self) -> bool:
        """Whether it is an HMIS export, whose columns are of a standard."""
        return isinstance(self.source, HmisExport)

    @property
    def format(self) -> InputFormat:
        """Its format, where that limits what can be known."""
        if self.is_hmis:
            return InputFormat.HMIS
        return (
            InputFormat.HTCDS if isinstance(self.source, Spreadsheet) and _is_htcds(self.source) else InputFormat.OTHER
        )

    def readings(self) -> Iterator[Reading]:
        """The readings of the file, or the facts of the vault."""
        if self.source is not None:
            yield from self.source.read()
        elif self.vault is not None:
            yield from _facts_of(self.vault, with_held=self.with_held)

    def leave_out(self) -> LeaveOut:
        """Whether the client of a key is on hold in the vault; nobody is without one."""
        if self.vault is None or self.source is None or self.with_held:
            return lambda _: False
        return _held_in(self.vault)


def input_of(
    path: Path | None, profile: Profile, vault: Vault | None = None, *, with_held: bool = False
) -> ReportInput:
    """The file at a path, beside the holds of a vault; without a path, the vault itself.

    `vault`: the agency's, open; needed without a path (ValueError). Raises SourceUnreadable when no
    format fits.
    """
    if path is None:
        if vault is None:
            raise ValueError("a report needs a file or a vault")
        return ReportInput(VAULT, None, vault, with_held)
    source = open_source(path, profile)
    if isinstance(source, HmisExport):
        source = open_source(path, profile.model_copy(update={"legal_class": LegalClass.tally_only}))
    return ReportInput(FILE, source, vault, with_held)


def _is_htcds(source: Spreadsheet) -> bool:
    """Whether every sheet that is read is one of HTCDS."""
    tables = [found.table for found in source.recognised() if found]
    return bool(tables) and all(isinstance(table, HtcdsTable) for table in tables)


def _facts_of(vault: Vault, *, with_held: bool) -> Iterator[Fact]:
    for client, period, schema, tail in vault.each(_FACTS, (SOURCE, prefix_end(SOURCE), with_held)):
        event = decode_tail(schema, tail)
        if isinstance(event.body, _KINDS):
            yield Fact("", period, event.state, event.body, "" if client is None else str(client))


def _held_in(vault: Vault) -> LeaveOut:
    """As the edge holds clients: by their key, or another spelling of it that is nobody else's."""
    names = {bytes(name).decode(): held for name, held in vault.all("SELECT name, held FROM client")}
    forms = {form_of(name) for name, held in names.items() if held}
    return lambda client: bool(names[client]) if client in names else client in forms or form_of(client) in forms
