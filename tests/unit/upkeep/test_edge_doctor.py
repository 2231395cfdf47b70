"""`exchange edge doctor`: each check, and that what is not known is never ok."""

import json
import os
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from exchange.core.findings import CheckResult
from producers.profile import Profile
from producers.setup import VaultStatus, look
from producers.upkeep import edge_checks
from tests.kits.edge_kit.desk import Desk, need


class Usage(NamedTuple):
    """Of a disk, in bytes."""

    total: int
    used: int
    free: int


CHECKS = [
    "profile",
    "secret of the vault",
    "place of the secret",
    "rights of the vault",
    "free disk",
    "vault",
    "clock",
    "backup",
    "connection",
    "registered key",
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path, monkeypatch)
    monkeypatch.setattr("producers.upkeep.edge_checks.kafka_link", lambda _: made.exchange.link())
    (tmp_path / "keys").mkdir()
    (tmp_path / "harbor.key").rename(tmp_path / "keys" / "harbor.key")
    change(made, "harbor.key", "keys/harbor.key")
    return made


def change(desk: Desk, old: str, new: str) -> None:
    profile = desk.folder / "agency.toml"
    profile.write_text(profile.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def found(desk: Desk, *words: str, ends: int = 0) -> dict[str, dict[str, str]]:
    lines = json.loads(desk.run("edge", "doctor", "--json", *words, ends=ends).stdout)
    return {line["check"]: line for line in lines}


def states(desk: Desk, *words: str, ends: int = 0) -> dict[str, str]:
    return {check: line["state"] for check, line in found(desk, *words, ends=ends).items()}


def test_all_is_well_after_a_publish_and_a_backup(desk: Desk) -> None:
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    (desk.folder / "saved").mkdir()
    desk.run("edge", "backup", "saved")
    assert states(desk) == dict.fromkeys(CHECKS, "ok")
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    assert found(desk)["backup"]["found"].endswith("2 events accepted since")


def test_looking_changes_and_sends_nothing(desk: Desk) -> None:
    before = (desk.folder / "harbor.vault").read_bytes()
    found(desk, ends=1)
    assert (desk.folder / "harbor.vault").read_bytes() == before
    assert desk.exchange.inbox == []


def test_a_key_beside_the_vault_is_a_fault(desk: Desk) -> None:
    (desk.folder / "keys" / "harbor.key").rename(desk.folder / "harbor.key")
    change(desk, "keys/harbor.key", "harbor.key")
    line = found(desk, "--offline", ends=1)["place of the secret"]
    assert line["state"] == "fault"
    assert "Move it to another folder" in line["do"]


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")
def test_a_key_that_others_can_read_is_a_fault_and_the_vault_stays_closed(desk: Desk) -> None:
    (desk.folder / "keys" / "harbor.key").chmod(0o644)
    now = found(desk, "--offline", ends=1)
    assert (now["secret of the vault"]["state"], now["vault"]["state"]) == ("fault", "fault")
    assert "chmod 600" in now["secret of the vault"]["do"]
    assert (now["clock"]["state"], now["backup"]["state"]) == ("not known", "not known")


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")
def test_a_vault_that_others_may_touch_is_a_warning(desk: Desk) -> None:
    (desk.folder / "harbor.vault").chmod(0o640)
    assert states(desk, "--offline")["rights of the vault"] == "warning"


def test_a_missing_key_and_a_missing_vault_are_faults_with_what_to_do(desk: Desk) -> None:
    (desk.folder / "keys" / "harbor.key").unlink()
    assert found(desk, "--offline", ends=1)["secret of the vault"]["do"].startswith("Restore it")
    (desk.folder / "harbor.vault").unlink()
    now = found(desk, "--offline", ends=1)
    assert now["rights of the vault"]["state"] == "not known"
    assert "exchange edge init" in now["vault"]["do"]


def test_a_vault_of_another_class_is_named(desk: Desk) -> None:
    change(desk, '"individual"', '"year_only"')
    assert "harbor-light (individual)" in found(desk, "--offline", ends=1)["vault"]["found"]


def test_a_profile_that_cannot_be_used_leaves_all_else_unknown(desk: Desk) -> None:
    change(desk, 'legal_class = "individual"\n', "")
    now = states(desk, ends=1)
    assert now == {**dict.fromkeys(CHECKS, "not known"), "profile": "fault"}


def test_an_exchange_that_is_away_is_a_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.exchange, "away", 5)
    now = states(desk, ends=1)
    assert (now["connection"], now["registered key"]) == ("fault", "not known")


def test_before_the_first_answer_the_registered_key_is_not_known(desk: Desk) -> None:
    now = found(desk, ends=1)
    assert (now["connection"]["state"], now["registered key"]["state"]) == ("ok", "not known")
    assert "register this key" in now["registered key"]["do"]


def test_a_backup_is_missed_once_something_was_published_and_when_it_is_old(desk: Desk) -> None:
    assert states(desk, "--offline")["backup"] == "ok"
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    assert states(desk, "--offline")["backup"] == "warning"


@pytest.mark.parametrize("words", [("hold", "--unseen"), ("unhold",)])
def test_a_hold_that_no_backup_knows_is_told_until_one_does(desk: Desk, words: tuple[str, ...]) -> None:
    """Nothing outside of the vault knows it: a vault restored from an older backup would not."""
    desk.run("edge", "hold", "--unseen", typed="client-1\n")
    (desk.folder / "saved").mkdir()
    desk.run("edge", "backup", "saved")
    assert states(desk, "--offline")["backup"] == "ok"
    desk.run("edge", *words, typed="client-1\n")
    told = found(desk, "--offline")["backup"]
    assert (told["state"], "no backup knows it" in told["found"]) == ("warning", True)
    desk.run("edge", "backup", "saved/newer")
    assert states(desk, "--offline")["backup"] == "ok"


@pytest.mark.parametrize(("free", "state"), [(100 << 20, "fault"), (500 << 20, "warning"), (5 << 30, "ok")])
def test_the_free_disk_is_judged(desk: Desk, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(free, 0, free))
    assert states(desk, "--offline", ends=int(state == "fault"))["free disk"] == state


def test_a_clock_before_the_last_run_or_backup_is_a_fault(desk: Desk) -> None:
    (desk.folder / "saved").mkdir()
    desk.run("edge", "backup", "saved")
    status = json.loads(desk.run("edge", "status", "--json").stdout)
    assert status["calendar"][-1]["standing"] == "not over"
    seen = edge_checks.VaultSeen(_status(desk), None, (date(2026, 5, 2), 0))
    by_day = {day: _clock(seen, date(2026, 5, day)) for day in (1, 2)}
    assert (by_day[1].state.value, by_day[2].state.value) == ("fault", "ok")


def _status(desk: Desk) -> VaultStatus:
    profile = Profile.load(desk.folder / "agency.toml")
    return look(profile, profile.secret())


def _clock(seen: edge_checks.VaultSeen, today: date) -> CheckResult:
    return next(one for one in edge_checks.of_vault(seen, today) if one.check == "clock")


def test_the_table_fits_a_terminal(desk: Desk) -> None:
    assert "next step" in desk.run("edge", "doctor", ends=1).stdout
