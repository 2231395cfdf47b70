"""What each form of a page does: the work that it begins, or the little that is done at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from exchange.cli.agency.local_page.agency_pages import AgencyPages
from exchange.cli.agency.local_page.reporting import ReportAsked, report_work, write_report
from exchange.cli.agency.local_page.works import (
    Work,
    backup_work,
    check_work,
    doctor_work,
    hold_work,
    look_work,
    run_work,
    unhold_work,
)
from exchange.cli.agency.previewing.file_run import FileRun
from exchange.cli.agency.refused_rows import write_refusals
from exchange.cli.agency.upkeep.practice import make_practice_folder
from exchange.core.errors import ExchangeError
from exchange.core.model.period import parse_period
from exchange.engine.wall_clock import local_today
from producers.reports.report_period import parse_report_period
from producers.reports.report_rows import ReportKind

Form = Mapping[str, str]
SAVED: Final = "Saved. Only you can read that file. It may name your records: delete it when you are done."
REPORT_SAVED: Final = "Saved. Only you can read that file. It is for your funder, not for sharing in public."


class PathNotWhole(ExchangeError):
    """That is not a whole path on this machine."""

    hint = "Begin it at the root, such as /home/you/practice, or with ~."


class ReportUnknown(ExchangeError):
    """There is no such report."""

    hint = "Choose one from the list."


class ClientKeysDiffer(ExchangeError):
    """The two keys are not the same, or none was typed. Nothing was done."""

    hint = "Type the client's key twice, as in your files."


class MinutesUnread(ExchangeError):
    """Minutes are a whole number."""

    hint = "Leave the field empty to state none."


def _look(pages: AgencyPages, _: Form) -> Work:
    return look_work(pages.chosen().path, local_today())


def _check(pages: AgencyPages, _: Form) -> Work:
    return check_work(pages.chosen().path, pages.profile, pages.secret_at_hand(), local_today())


def _preview(pages: AgencyPages, _: Form) -> Work:
    return _run(pages, FileRun(_profile_of(pages), pages.chosen().path, dry_run=True))


def _publish(pages: AgencyPages, form: Form) -> Work:
    nothing = form.get("nothing") == "yes"
    closes = form.get("closes", "").strip()
    if closes:
        parse_period(closes)
    file = None if nothing else pages.chosen().path
    asked = FileRun(
        _profile_of(pages),
        file,
        nothing=nothing,
        minutes=_minutes(form.get("minutes", "").strip()),
        closes=closes or None,
        incomplete=form.get("incomplete") == "yes",
    )
    return _run(pages, asked)


def _run(pages: AgencyPages, asked: FileRun) -> Work:
    return run_work(asked, *pages.opened())


def _profile_of(pages: AgencyPages) -> Path:
    pages.opened()
    return pages.profile_file or Path()


def _minutes(typed: str) -> int | None:
    if typed and not (typed.isdecimal() and len(typed) < len("1000000")):
        raise MinutesUnread
    return int(typed) if typed else None


def _hold(pages: AgencyPages, form: Form) -> Work:
    client = _client_of(form)
    if form.get("what") == "end":
        return unhold_work(*pages.opened(), client)
    withdraw, unseen = form.get("withdraw") == "yes", form.get("unseen") == "yes"
    return hold_work(*pages.opened(), client, retract=withdraw, unseen=unseen)


def _client_of(form: Form) -> str:
    client, again = form.get("client", ""), form.get("again", "")
    if not client.strip() or client != again or "\n" in client:
        raise ClientKeysDiffer
    return client


def _doctor(pages: AgencyPages, form: Form) -> Work:
    if pages.profile is None:
        pages.opened()
    assert pages.profile is not None
    return doctor_work(pages.profile, pages.secret_at_hand(), ask=form.get("ask") == "yes")


def _backup(pages: AgencyPages, form: Form) -> Work:
    return backup_work(*pages.opened(), _path_of(form), local_today())


def _path_of(form: Form) -> Path:
    typed = form.get("path", "").strip().strip('"')
    try:
        path = Path(typed).expanduser()
    except RuntimeError:  # ~ of an account that there is not
        raise PathNotWhole from None
    if not typed or "\0" in typed or not path.is_absolute():
        raise PathNotWhole
    return path


def _report(pages: AgencyPages, form: Form) -> Work:
    try:
        kind = ReportKind(form.get("kind", ""))
    except ValueError:
        raise ReportUnknown from None
    period = parse_report_period(form.get("period", ""))
    has_vault = pages.profile is not None and (pages.file is None or pages.secret_at_hand() is not None)
    opened = pages.opened() if has_vault or pages.file is None else None
    return report_work(ReportAsked(kind, period, pages.file.path if pages.file else None, local_today()), opened)


WORKS: Final[Mapping[str, Callable[[AgencyPages, Form], Work]]] = {
    "look": _look,
    "check": _check,
    "preview": _preview,
    "publish": _publish,
    "reports": _report,
    "holds": _hold,
    "doctor": _doctor,
    "backup": _backup,
}
"""Page → what its form begins."""


def _answer(pages: AgencyPages, form: Form) -> str:
    pages.job.progress.answer(yes=form.get("answer") == "yes")
    return pages.job.kind


def _stop(pages: AgencyPages, _: Form) -> str:
    pages.job.stop()
    return pages.job.kind


def _forget(pages: AgencyPages, _: Form) -> str:
    if not pages.job.runs:
        pages.forget_file()
        pages.job.forget()
    return "file"


def _use_profile(pages: AgencyPages, form: Form) -> str:
    pages.use_profile(_path_of(form))
    return "start"


def _practise(pages: AgencyPages, form: Form) -> str:
    folder = _path_of(form)
    make_practice_folder(folder)
    pages.use_profile(folder / "agency.toml")
    return "start"


def _save_refused(pages: AgencyPages, form: Form) -> str:
    kind = "publish" if form.get("of") == "publish" else "preview"
    outcome = pages.job.outcome(kind)
    if outcome is not None and "refused_rows" in outcome.values:
        write_refusals(_path_of(form), outcome.values["refused_rows"])
        pages.notice = SAVED
    return kind


def _save_report(pages: AgencyPages, form: Form) -> str:
    outcome = pages.job.outcome("reports")
    if outcome is not None and "report" in outcome.values:
        write_report(_path_of(form), outcome)
        pages.notice = REPORT_SAVED
    return "reports"


ACTIONS: Final[Mapping[str, Callable[[AgencyPages, Form], str]]] = {
    "answer": _answer,
    "stop": _stop,
    "forget": _forget,
    "profile": _use_profile,
    "practice": _practise,
    "refused": _save_refused,
    "report": _save_report,
}
"""Form → what is done at once; the page to show then."""
