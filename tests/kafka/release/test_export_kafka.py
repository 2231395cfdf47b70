"""`exchange export` as a process, on a real Kafka: whole, twice the same, the topic's numbers."""

import csv
from pathlib import Path

from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.statuses import status_of
from exchange.core.release.released import Release
from exchange.engine.kafka.log import KafkaLog
from exchange.wire.public_records import period_of_point_text
from tests.kafka.release.metrics_kit import APRIL, every, made, publish, publish_points
from tests.kits.command_line import as_a_process

__all__ = ["every", "made"]
MONTH = epoch_text(APRIL)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_month_is_exported_whole_and_twice_the_same(
    exchange: KafkaLog, variables: dict[str, str], made: list[Release], every: list[MetricPoint], tmp_path: Path
) -> None:
    async def export(folder: str) -> tuple[int, str]:
        said = await as_a_process(variables, "export", "--epoch", MONTH, "--out", str(tmp_path / folder))
        return said.returncode, said.stdout + said.stderr

    await publish(exchange, made)
    await publish_points(exchange, every[:-1])
    status, words = await export("half")
    assert (status, "are there" in words) == (1, True), words
    assert not (tmp_path / "half").exists()
    await publish_points(exchange, every[-1:])
    status, words = await export("one")
    assert (status, f"figures up to {MONTH}" in words) == (0, True), words
    assert (await export("two"))[0] == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    status, words = await export("one")
    assert (status, "not an empty folder" in words) == (2, True), words

    said = await as_a_process(variables, "brief", "--state", "ca", "--out", str(tmp_path / "ca.html"))
    assert (said.returncode, "No year of California was released" in said.stderr) == (1, True)

    with (tmp_path / "one" / "all_figures.csv").open(newline="") as file:
        rows = {(row["metric"], row["dimensions"], row["period"], row["epoch"]): row for row in csv.DictReader(file)}
    assert len(rows) == len(every)
    for point in every:
        dimensions = "|".join(f"{name}={code}" for name, code in point.dimensions) or "all"
        row = rows[point.metric, dimensions, period_of_point_text(point.period), epoch_text(point.epoch)]
        shows = status_of(point).shows_number
        assert row["value"] == (f"{point.value:f}" if shows else status_of(point).cell)
