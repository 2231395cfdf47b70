"""Makes the pages, in the language that was chosen.

Rules kept: a page loads its style and scripts from here alone; its title names nobody and nothing;
what the edge says about a file is escaped. A page asks for the lock by itself once it is due.
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import PackageLoader

from exchange.cli.agency.local_page.agency_pages import AgencyPages
from exchange.cli.agency.local_page.chosen_file import ChosenFile
from exchange.cli.agency.local_page.reporting import kinds, offered_period
from exchange.cli.agency.pages.page_words import LANGUAGES, Words
from exchange.core.errors import ExchangeError
from exchange.engine.wall_clock import local_today
from exchange.web.leaving import LEAVE_TO
from exchange.web.static_files import PREFIX, StaticFile
from exchange.web.templating import environment, render
from producers.setup import VaultStatus, look
from producers.upkeep.reporting_calendar import QuarterLine, QuarterState, look_at_calendar
from producers.vault.store import expect_vault

OWN_FILES: Final[Mapping[str, str]] = {
    "edge.css": "text/css; charset=utf-8",
    "edge.js": "text/javascript; charset=utf-8",
}
SECTIONS: Final[Mapping[str, str]] = {
    "start": "Start",
    "file": "Your file",
    "look": "Look",
    "check": "Check",
    "preview": "Preview",
    "publish": "Publish",
    "reports": "Reports",
    "holds": "On hold",
    "doctor": "Is all well?",
    "backup": "Backup",
}
"""Page → its name, in the order in which a person needs them."""
TO_DO: Final = (QuarterState.LATE, QuarterState.DUE)
SLACK_S: Final = 2
OWN_NAMES: Final = frozenset({"title"})
"""What stands around every page, and is no result's to name."""
MEGABYTE: Final = 1_000_000


@cache
def _own_files() -> Mapping[str, StaticFile]:
    found = {}
    for name, media_type in OWN_FILES.items():
        content = files("exchange.cli.agency.local_page").joinpath("static", name).read_bytes()
        stem, _, suffix = name.rpartition(".")
        found[name] = StaticFile(f"{stem}.{sha256(content).hexdigest()[:16]}.{suffix}", content, media_type)
    return found


def own_file(name: str) -> StaticFile | None:
    """The style or script of these pages with this name and hash; None: there is none."""
    return {one.name: one for one in _own_files().values()}.get(name)


class Screens:
    """Every page. `names`: those that have an address."""

    names: Final = frozenset(SECTIONS)

    def __init__(self, pages: AgencyPages) -> None:
        self._pages = pages
        folder, shared = "exchange.cli.agency.local_page", PackageLoader("exchange.cli.agency", "pages")
        own = {"own": lambda name: PREFIX + _own_files()[name].name, "LANGUAGES": LANGUAGES}
        self._made = environment(PackageLoader(folder), shared, **own)

    def outside(self, sentence: str, words: Words, *, perhaps_used: bool = False) -> bytes:
        """For a browser that is not in: no path or key of the pages.

        `perhaps_used`: its address opens no more.
        """
        values = {"sentence": words(sentence), "perhaps_used": perhaps_used, "root": "", "form_key": ""}
        return self._page("outside.html", values, words=words, bare=True).encode()

    def entered(self) -> str:
        """For the browser that just came in: it goes on by itself, as from this page."""
        return self._page("entered.html", {}, bare=True)

    def failed(self, status: int, name: str = "") -> str:
        """For a request that was not answered."""
        return self._page("failed.html", {"status": status, "name": name}, bare=not self._pages.door.root)

    def locked(self) -> str:
        """The lock alone."""
        values = {"by_passphrase": self._pages.by_passphrase, "notice": self._taken_notice()}
        return self._page("locked.html", values, bare=True)

    def idle(self) -> str:
        """What a page shows when its time is over: the lock, or how long it is open still."""
        if self._pages.lock.locked or not self._pages.door.root:
            return self.locked()
        return self._page("idle.html", {}, bare=True)

    def job(self) -> str:
        """How far the work is, a part of a page."""
        return self._page("job.html", {})

    async def page(self, name: str) -> str:
        """A page; its name is one of `names`."""
        values: dict[str, Any] = {"current": name, "notice": self._taken_notice()}
        if name == "start":
            values |= await asyncio.to_thread(self._start)
        if name == "reports":
            values |= {"kinds": kinds(), "offered": offered_period(local_today()), "asked": None}
        outcome = self._pages.job.outcome(name)
        found = {key: value for key, value in (outcome.values if outcome else {}).items() if key not in OWN_NAMES}
        values |= {"outcome": outcome, **found}
        return self._page(f"{name}.html", values)

    def _taken_notice(self) -> str:
        notice, self._pages.notice = self._pages.notice, ""
        return notice

    def _start(self) -> dict[str, Any]:
        """The vault in numbers, and its calendar; or why they cannot be shown."""
        pages = self._pages
        if pages.profile is None:
            return {"status": None, "calendar": (), "trouble": "", "home": str(Path.home() / "exchange-practice")}
        found: dict[str, Any] = {"status": None, "calendar": (), "trouble": ""}
        try:
            expect_vault(pages.profile)
            profile, secret = pages.opened()
            status, calendar = look(profile, secret), look_at_calendar(profile, secret, local_today())
        except ExchangeError as error:
            return {**found, "trouble": str(error)}
        return {
            **found,
            "status": status,
            "numbers": numbers_of(status),
            "calendar": calendar,
            "to_do": to_do(calendar),
        }

    def _page(self, template: str, values: Mapping[str, Any], *, words: Words | None = None, bare: bool = False) -> str:
        pages, spoken = self._pages, words or self._pages.sentences
        seen = {
            "t": spoken,
            "said": spoken.said,
            "language": spoken.language,
            "title": spoken("This machine's page"),
            "root": pages.door.root,
            "form_key": pages.door.form_key,
            "sections": [] if bare else [(name, spoken(words)) for name, words in SECTIONS.items()],
            "bare": bare,
            "current": "",
            "notice": "",
            "outcome": None,
            "pages": pages,
            "job": pages.job,
            "file": pages.file,
            "file_words": _file_words(pages.file, spoken),
            "leave_to": LEAVE_TO,
            "locks_in_s": int(pages.lock.left_s) + SLACK_S,
        }
        return render(self._made, template, {**seen, **values})


def _file_words(file: ChosenFile | None, words: Words) -> str:
    """What the file is, in words that name nobody."""
    if file is None:
        return ""
    if not file.octets:
        return words("a folder")
    size = f"{file.octets / 1e6:,.1f} MB" if file.octets >= MEGABYTE else f"{file.octets / 1e3:,.1f} kB"
    return words("a file {suffix}, {size}", suffix=file.path.suffix.lower(), size=size)


def numbers_of(status: VaultStatus) -> list[tuple[str, int]]:
    """What a person should know of the vault; only what there is."""
    found = {
        "events accepted by the exchange": status.accepted_by_the_exchange,
        "events that wait to be sent": status.events_waiting,
        "events that the exchange refused": sum(status.refused_by_the_exchange.values()),
        "clients on hold": status.clients_held,
        "facts held back after a restore": status.facts_held_back_after_a_loss,
    }
    return [(words, count) for words, count in found.items() if count or words == "events accepted by the exchange"]


def to_do(calendar: tuple[QuarterLine, ...]) -> list[tuple[str, str]]:
    """(state, quarters) of what is late and due, the gravest first."""
    found = [(state, [line.quarter for line in calendar if line.standing is state]) for state in TO_DO]
    return [(state.value, ", ".join(quarters)) for state, quarters in found if quarters]
