"""An agency's commands as processes: make a vault, preview, publish, and publish again."""

import asyncio
import json
from pathlib import Path

import pytest

from exchange.settings import Settings
from exchange.trial.empty_cluster import trial_exchange
from tests.kits.command_line import as_a_process
from tests.kits.export_damage import town

pytestmark = pytest.mark.timeout(240)
PROFILE = """
agency = "harbor-light"
state = "ca"
legal_class = "individual"
vault = "harbor.vault"
key_file = "keys/harbor.key"

[hmis]
all_projects_trafficking = true

[kafka]
bootstrap_servers = "{}"
"""
TODAY = ("--today", "2026-11-29")


async def test_a_preview_foresees_a_publish_and_the_second_one_adds_nothing(
    settings: Settings, variables: dict[str, str], tmp_path: Path
) -> None:
    profile = tmp_path / "agency.toml"
    profile.write_text(PROFILE.format(variables["EXCHANGE_BOOTSTRAP_SERVERS"]), encoding="utf-8")
    (tmp_path / "keys").mkdir()
    export = str(town().zip(tmp_path))

    async def run(*words: str) -> dict:
        done = await as_a_process(variables, *words, "--profile", str(profile), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    key = await run("edge", "init", "--key-file")
    async with trial_exchange(settings, tmp_path) as ground:
        await ground.start_worker()
        agency = ("harbor-light", "--legal-class", "individual", "--public-key", key["public_key"], "--key-number", "1")
        added = await as_a_process(variables, "agencies", "add", *agency)
        assert added.returncode == 0, added.stderr
        page = tmp_path / "preview.html"
        foreseen = (await run("edge", "preview", export, *TODAY, "--html", str(page)))["compared"]["facts"]
        async with asyncio.timeout(120):
            first = await run("publish", export, *TODAY)
            second = await run("publish", export, *TODAY)
        after = (await run("edge", "preview", export, *TODAY))["compared"]["facts"]
    assert foreseen == {"new": first["published"], "changed": 0, "withdrawn": 0, "same": 0}
    assert first["published"] > 20
    assert (second["published"], second["corrected"], second["retracted"]) == (0, 0, 0)
    assert second["known"] == first["published"]
    assert after == {"new": 0, "changed": 0, "withdrawn": 0, "same": first["published"]}
    assert "In the second quarter of 2026, in Nevada" in page.read_text(encoding="utf-8")
