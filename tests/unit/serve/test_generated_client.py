"""A client that a generator made from the description alone reads the figures."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.kits.serve_world import JANUARY, Topics, read_to, running

GENERATOR = "openapi-python-client==0.29.1"
"""In an environment of its own: it needs another Typer than we do."""
PROGRAM = """
import json, sys
from picture.api.default.list_metrics_v1_metrics_get import sync as list_metrics
from picture.api.default.read_metric_v1_metrics_metric_get import sync_detailed as read_metric
from picture.client import Client
from picture.models import ReadMetricV1MetricsMetricGetServiceItem as Service

client = Client(base_url=sys.argv[1])
catalogue = list_metrics(client=client).to_dict()
legal = read_metric("needs_by_service", client=client, service=[Service("legal")], as_of="2026-10").parsed.to_dict()
problem = read_metric("casess", client=client)
print(json.dumps([catalogue, legal, int(problem.status_code), problem.parsed.near]))
"""


def generator() -> list[str]:
    """Its command; skips where it cannot be had."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    command = [uv or "uv", "tool", "run", "--from", GENERATOR, "openapi-python-client"]
    try:
        subprocess.run([*command, "--version"], check=True, capture_output=True, timeout=120)
    except (FileNotFoundError, subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{GENERATOR} could not be had: no client was generated")
    return command


@pytest.mark.slow
async def test_a_generated_client_reads_what_the_api_says(tmp_path: Path) -> None:
    command, topics = await asyncio.to_thread(generator), Topics()
    for epoch in range(JANUARY - 6, JANUARY + 1):
        topics.publish(epoch)
    async with running(topics.log) as served, httpx.AsyncClient(base_url=served.address) as client:
        await read_to(served.service, JANUARY)
        (tmp_path / "openapi.json").write_bytes((await client.get("/openapi.json")).content)
        words = ("generate", "--path", "openapi.json", "--output-path", "picture", "--meta", "none")
        made = await asyncio.to_thread(
            subprocess.run, [*command, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
        (tmp_path / "program.py").write_text(PROGRAM)
        program = await asyncio.create_subprocess_exec(
            sys.executable, "program.py", served.address, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode == 0
        catalogue, legal, status, near = json.loads(out)
        assert catalogue == (await client.get("/v1/metrics")).json()
        assert legal == (await client.get("/v1/metrics/needs_by_service?service=legal&as_of=2026-10")).json()
        assert legal["figures"]
        assert (status, "cases" in near) == (404, True)
