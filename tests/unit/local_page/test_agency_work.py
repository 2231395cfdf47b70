"""From a file to what was sent: the pages do what the commands do, in the practice exchange."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from exchange.cli.agency.local_page.one_job import AnotherJobRuns, JobOutcome, JobProgress, OneJob
from producers.delivery.unconfirmed import Cause, Unconfirmed
from tests.kits.command_line import in_a_thread
from tests.kits.own_page import OwnPage, words_of

MANY = 40
QUESTION = Unconfirmed(Cause.LESS, 9, 10)


@pytest.fixture
async def practice(page: OwnPage) -> OwnPage:
    """Pages that practise."""
    await page.post("practice", path=str(page.folder / "practice"))
    assert page.pages.is_practice
    return page


def needs(path: Path, *numbers: int, withdraw: bool = False) -> Path:
    path.write_text("\n".join(json.dumps(_gone(n) if withdraw else _need(n)) for n in numbers), encoding="utf-8")
    return path


def _gone(number: int) -> dict[str, object]:
    return {"withdraw": f"n-{number}/"}


def _need(number: int) -> dict[str, object]:
    row = {"key": f"n-{number}/need", "period": "2024Q1", "client": f"client-{number}", "body": "need_identified"}
    return {**row, "fields": {"service": "food"}}


async def choose(page: OwnPage, path: Path) -> None:
    await page.post("file", path=str(path))
    assert page.pages.file is not None


async def test_look_check_preview_publish_and_again_nothing_new(practice: OwnPage) -> None:
    await practice.put("export.zip", (practice.folder / "practice" / "export-1.zip").read_bytes())
    looked = words_of(await practice.result("look"))
    assert "what would leave, by legal class" in looked
    assert "Second Street" not in looked
    assert "What to do" in words_of(await practice.result("check"))
    previewed = words_of(await practice.result("preview"))
    assert "10 events as a person reads them" in previewed
    assert "the same as before: nothing is sent 0" in previewed
    published = words_of(await practice.result("publish", minutes="30"))
    assert "Everything else is with the exchange" in published
    again = words_of(await practice.result("preview"))
    assert "new: they would be sent 0" in again
    assert "withdrawn: what was sent would be taken back 0" in again
    assert "Nothing is due now." in words_of((await practice.get("start")).text)


async def test_the_page_and_the_command_are_one_run(practice: OwnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command published is not new to the page, and the other way round."""
    folder = practice.folder / "practice"
    monkeypatch.chdir(folder)
    needs(folder / "facts.jsonl", *range(5))
    assert (await in_a_thread({}, "publish", "facts.jsonl", "--profile", "agency.toml")).returncode == 0
    await practice.put("other-name.jsonl", (folder / "facts.jsonl").read_bytes())
    assert "new: they would be sent 0" in words_of(await practice.result("preview"))
    needs(folder / "facts.jsonl", *range(7))
    await choose(practice, folder / "facts.jsonl")
    assert "Done. Everything is with the exchange." in words_of(await practice.result("publish"))
    ended = await in_a_thread({}, "publish", "facts.jsonl", "--profile", "agency.toml", "--json")
    done = json.loads(ended.stdout)
    assert (done["published"], done["known"]) == (0, 7)


async def test_a_report_is_the_commands_and_is_saved_where_a_person_says(practice: OwnPage) -> None:
    folder = practice.folder / "practice"
    await choose(practice, needs(practice.folder / "facts.jsonl", *range(5)))
    await practice.result("publish")
    from_file = words_of(await practice.result("reports", kind="needs", period="2024Q1"))
    assert "What was counted" in from_file
    arguments = ("edge", "report", "needs", "--period", "2024Q1", "--profile", str(folder / "agency.toml"))
    printed = await in_a_thread({}, *arguments, "--file", str(practice.folder / "facts.jsonl"), "--json")
    outcome = practice.pages.job.outcome("reports")
    assert outcome is not None
    assert [cell.plain() for cell in outcome.values["report"].cells] == json.loads(printed.stdout)["cells"]
    for suffix in (".csv", ".html", ".xlsx"):
        await practice.post("report", path=str(practice.folder / f"mine{suffix}"))
        assert (practice.folder / f"mine{suffix}").stat().st_mode & 0o077 == 0
    await practice.post("report", path=str(practice.folder / "mine.exe"))
    assert not (practice.folder / "mine.exe").exists()
    assert "End it with .csv, .xlsx or .html." in words_of((await practice.get("reports")).text)


async def test_a_report_needs_no_file_once_it_was_published_and_no_vault_with_one(page: OwnPage) -> None:
    await choose(page, needs(page.folder / "facts.jsonl", *range(5)))
    assert "What was counted" in words_of(await page.result("reports", kind="otip", period="FY2024"))
    await page.post("forget")
    await page.post("practice", path=str(page.folder / "practice"))
    assert "counted from what you have published" in words_of((await page.get("reports")).text)
    assert "Counted from your vault" in words_of(await page.result("reports", kind="ovw", period="2024H1"))
    for wrong in ({"kind": "none", "period": "2024"}, {"kind": "otip", "period": "soon"}):
        await page.post("reports", **wrong)
        assert "notice" in (await page.get("reports")).text


@pytest.mark.parametrize(
    ("answer", "says"), [("no", "would withdraw"), ("yes", "Done. Everything is with the exchange.")]
)
async def test_much_that_would_be_withdrawn_is_asked_on_the_page(practice: OwnPage, answer: str, says: str) -> None:
    path = practice.folder / "facts.jsonl"
    await choose(practice, needs(path, *range(MANY)))
    await practice.result("publish")
    needs(path, *range(MANY), withdraw=True)
    asked = words_of(await practice.result("publish"))
    assert "A question before it goes on" in asked
    assert f"withdraw {MANY} of {MANY} published facts" in asked
    assert "Likely cause: the file marks them as deleted" in asked
    await practice.post("answer", answer=answer)
    done = words_of(await practice.settled("publish"))
    assert says in done
    needs(path, *range(MANY))
    left = words_of(await practice.result("preview"))
    assert f"the same as before: nothing is sent {MANY if answer == 'no' else 0}" in left


async def test_a_question_is_answered_with_no_when_the_page_locks(practice: OwnPage) -> None:
    path = practice.folder / "facts.jsonl"
    await choose(practice, needs(path, *range(MANY)))
    await practice.result("publish")
    needs(path, *range(MANY), withdraw=True)
    assert "A question before it goes on" in await practice.result("publish")
    await practice.post("lock")
    assert practice.pages.job.wait()
    await practice.client.get(practice.shown[-1])
    assert "would withdraw" in words_of((await practice.get("publish")).text)


async def test_a_hold_and_its_end(practice: OwnPage) -> None:
    path = practice.folder / "facts.jsonl"
    await choose(practice, needs(path, *range(3)))
    await practice.result("publish")
    assert "No file that was published names a client" in await practice.result(
        "holds", client="client-9", again="client-9"
    )
    held = await practice.result("holds", client="client-1", again="client-1", withdraw="yes")
    assert "Facts about this client that were withdrawn: 1." in words_of(held)
    assert "client-1" not in held
    assert "1 client is on hold, so 1 fact of this file would not be sent." in words_of(
        await practice.result("preview")
    )
    assert "No longer held" in await practice.result("holds", what="end", client="client-1", again="client-1")
    await practice.post("holds", client="client-1", again="client-2")
    assert "The two keys are not the same" in words_of((await practice.get("holds")).text)


async def test_doctor_backup_and_nothing_to_report(practice: OwnPage) -> None:
    assert "Everything is with the exchange" in words_of(await practice.result("publish", nothing="yes"))
    backups = practice.folder / "backups"
    backups.mkdir()
    assert "checked." in words_of(await practice.result("backup", path=str(backups)))
    assert len(list(backups.iterdir())) == 1
    assert "All is well." in words_of(await practice.result("doctor", ask="yes"))
    inside = str(practice.folder / "practice" / "key" / "x.vault")
    assert "which opens the vault" in words_of(await practice.result("backup", path=inside))


async def test_the_list_of_refused_rows_is_saved_for_its_owner_alone(practice: OwnPage) -> None:
    await practice.put("x.jsonl", b'{"key": "Jane"}\n')
    assert "What is refused" in await practice.result("preview")
    target = practice.folder / "refused.csv"
    await practice.post("refused", of="preview", path=str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(target.read_text(encoding="utf-8").splitlines()) > 1


async def test_what_needs_a_file_or_a_profile_says_so(page: OwnPage) -> None:
    for name in ("look", "check"):
        await page.post(name)
        assert "No file is chosen yet" in words_of((await page.get(name)).text)
    for name in ("publish", "holds", "doctor", "backup"):
        await page.post(name, client="1", again="1", path="/x", nothing="yes")
        assert "No profile is in use" in words_of((await page.get(name)).text), name


async def test_a_file_that_cannot_be_read_says_why_and_shows_none_of_it(page: OwnPage) -> None:
    await page.put("x.zip", b"PK\x03\x04 Jane Q. Planted")
    for name in ("look", "check"):
        found = await page.result(name)
        assert "notice" in found
        assert "Planted" not in found


# The one piece of work


def test_two_tabs_begin_one_piece_of_work() -> None:
    job, go = OneJob(), threading.Event()
    job.begin("look", lambda _: JobOutcome("x") if go.wait(10) else JobOutcome(), lambda: None)
    with pytest.raises(AnotherJobRuns):
        job.begin("look", lambda _: JobOutcome(), lambda: None)
    assert job.outcome("look") is None
    go.set()
    assert job.wait()
    assert job.outcome("look") == JobOutcome("x")


def test_an_error_without_a_name_shows_its_type_alone(capsys: pytest.CaptureFixture[str]) -> None:
    planted = "Jane Q. Planted"

    def fails(_: JobProgress) -> JobOutcome:
        raise ValueError(planted)

    job = OneJob()
    job.begin("look", fails, lambda: None)
    assert job.wait()
    found = job.outcome("look")
    assert found is not None
    assert "ValueError" in found.error
    assert "Planted" not in found.error + capsys.readouterr().err


def test_work_that_is_stopped_ends_and_says_so() -> None:
    job = OneJob()
    job.begin("publish", lambda progress: progress.run(_for_ever()), lambda: None)
    job.stop()
    assert job.wait()
    found = job.outcome("publish")
    assert found is not None
    assert "Everything that was read is kept" in found.error


async def _for_ever() -> JobOutcome:
    await asyncio.sleep(60)
    return JobOutcome()


def test_nobody_there_answers_no() -> None:
    progress = JobProgress()
    progress.leave_unattended()
    assert not progress.ask(QUESTION)
    progress.unattended = False
    threading.Timer(0.05, progress.answer, kwargs={"yes": True}).start()
    assert progress.ask(QUESTION)
    progress.stop()
    assert not progress.ask(QUESTION)
