"""What the pages do, by the functions that the commands call: work for `one_job`.

Rules kept: no rule of the edge is here twice; a page shows what the command prints. A secret is
held by the work that needs it, until its end.
"""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from exchange.cli.agency.checking.check_page import check_values
from exchange.cli.agency.local_page.one_job import JobOutcome, JobProgress
from exchange.cli.agency.local_page.rich_as_data import printed
from exchange.cli.agency.looking.look_tables import shown as looked_parts
from exchange.cli.agency.previewing.dry_run import DryRun
from exchange.cli.agency.previewing.file_run import FileRun, options_of, run_over
from exchange.cli.agency.previewing.preview_page import preview_values
from exchange.cli.agency.publish_tables import rendered
from exchange.cli.agency.upkeep.edge_doctor import findings_of
from exchange.cli.agency.upkeep.practice import link_of
from exchange.cli.shared.findings_table import findings_table
from exchange.core.errors import ExchangeError
from exchange.core.findings import is_fit
from producers.checks.file_check import check_file, profile_without_one
from producers.edge import Edge
from producers.facts import Nothing, Source
from producers.looking.looked_at import look_at
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import hold_client, unhold_client
from producers.sources import open_source
from producers.upkeep.vault_backup import back_up
from producers.vault.store import Vault

Work = Callable[[JobProgress], JobOutcome]
CHECKING = "checking the file"
ASKING = "asking the exchange"
BACKING_UP = "copying and checking the vault"


def look_work(path: Path, today: date) -> Work:
    """`exchange edge look`."""

    def work(progress: JobProgress) -> JobOutcome:
        return _parts("looked.html", looked_parts(look_at(path, today, progress.rows)))

    return work


def check_work(path: Path, profile: Profile | None, secret: Secret | None, today: date) -> Work:
    """`exchange edge check`, with the agency's own history where its vault is open."""

    def work(progress: JobProgress) -> JobOutcome:
        progress.say(CHECKING)
        if profile is None or secret is None:
            result = check_file(path, profile or profile_without_one(path), today)
        else:
            with Vault.open(profile, secret) as vault:
                result = check_file(path, profile, today, vault)
        return JobOutcome("checked.html", check_values(result, None))

    return work


def run_work(asked: FileRun, profile: Profile, secret: Secret) -> Work:
    """`exchange edge preview` or `exchange publish`: the same run."""

    def work(progress: JobProgress) -> JobOutcome:
        source = open_source(asked.file, profile) if asked.file else Nothing()
        options = options_of(asked, progress, progress.ask)
        link = None if asked.dry_run else link_of(profile)
        edge = Edge.open(profile, secret=secret, link=link, options=options, preview=asked.dry_run)
        try:
            dry_run = progress.run(run_over(edge, source, progress, asked))
        except ExchangeError as error:
            return _after_run(edge, source, asked, None, str(error))
        return _after_run(edge, source, asked, dry_run, "")

    return work


def _after_run(edge: Edge, source: Source, asked: FileRun, dry_run: DryRun | None, error: str) -> JobOutcome:
    report = edge.report
    refused = {"refused_rows": report.refused_rows}
    if dry_run is not None:
        return JobOutcome("previewed.html", {**preview_values(dry_run, edge, source, asked.file), **refused})
    if not report.rows and not report.complete:
        return JobOutcome(error=error)
    parts = printed([rendered(report, None, source.stays_here, all_in=None)])
    values = {"parts": parts, "complete": report.complete, "clean": report.clean, **refused}
    return JobOutcome("published.html", values, error)


def doctor_work(profile: Profile, secret: Secret | None, *, ask: bool) -> Work:
    """`exchange edge doctor`."""

    def work(progress: JobProgress) -> JobOutcome:
        def at_hand() -> Secret:
            return secret or profile.secret()

        asking = (lambda: progress.say(ASKING)) if ask else None
        findings = [*findings_of(profile, at_hand, asking)]
        return _parts("examined.html", [findings_table(findings)], fit=is_fit(findings))

    return work


def backup_work(profile: Profile, secret: Secret, target: Path, today: date) -> Work:
    """`exchange edge backup`."""

    def work(progress: JobProgress) -> JobOutcome:
        progress.say(BACKING_UP)
        made = back_up(profile, secret, target, today)
        return JobOutcome("backed_up.html", {"path": str(made.path), "octets": made.octets, "last": made.last_event})

    return work


def hold_work(profile: Profile, secret: Secret, client: str, *, retract: bool, unseen: bool) -> Work:
    """`exchange edge hold`; with `retract`, also the run that withdraws what was sent."""

    def work(progress: JobProgress) -> JobOutcome:
        held = hold_client(profile, secret, client, retract=retract, unseen=unseen)
        values: dict[str, Any] = {"held": True, "alike": held.alike, "withdrawn": held.withdrawn if retract else None}
        if not retract:
            return JobOutcome("held.html", values)
        asked = FileRun(Path(), None)
        edge = Edge.open(
            profile, secret=secret, link=link_of(profile), options=options_of(asked, progress, progress.ask)
        )
        try:
            progress.run(_sent(edge))
        except ExchangeError as error:
            return JobOutcome("held.html", {**values, "withdrawn": None}, str(error))
        return JobOutcome("held.html", values)

    return work


async def _sent(edge: Edge) -> None:
    async with edge:
        pass


def unhold_work(profile: Profile, secret: Secret, client: str) -> Work:
    """`exchange edge unhold`."""

    def work(_: JobProgress) -> JobOutcome:
        was = unhold_client(profile, secret, client)
        return JobOutcome("held.html", {"held": False, "was": was, "alike": 0, "withdrawn": None})

    return work


def _parts(template: str, parts: Iterable[RenderableType], **more: Any) -> JobOutcome:
    return JobOutcome(template, {"parts": printed(parts), **more})
