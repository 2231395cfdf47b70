"""However an export is damaged, a check finds all that publishing refuses, and holds no value."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest

from producers.checks.file_check import check_file, profile_without_one
from producers.checks.from_publishing import OTHER, rule_of
from producers.facts import RowRefused
from producers.profile import Profile
from producers.sources import open_source
from tests.kits.export_damage import DAMAGES, Files, town
from tests.kits.hmis_exports import PLANTED
from tests.kits.sizes import examples

TODAY = date(2026, 11, 29)


def damaged(folder: Path, random: Random) -> Path:
    files = Files.of(town())
    for damage in random.sample(DAMAGES, random.randrange(1, 4)):
        damage(files, random)
    for name, content in files.contents().items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("seed", range(examples(60)))
def test_every_refusal_of_publishing_is_found_at_its_place_and_by_a_rule_of_its_own(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    path = damaged(tmp_path, random)
    keys = {"legal_class": random.choice(("individual", "tally_only"))}
    profile = Profile.model_validate({**profile_without_one(path).model_dump(), **keys})
    refused = Counter(
        (rule_of(one), one.where.file, one.column, one.where.row)
        for one in open_source(path, profile).read()
        if isinstance(one, RowRefused)
    )
    result = check_file(path, profile, TODAY)
    found = Counter((one.rule.id, one.file, one.column, row) for one in result.findings for row in one.rows)
    assert not refused - found
    assert OTHER not in {name for name, *_ in refused}
    assert PLANTED not in json.dumps(result.plain())
    assert not {one.rule.id for one in result.findings} & {*result.not_checked}
