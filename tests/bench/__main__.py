"""`python -m tests.bench [--quick] [--json FILE]`: runs each case in its own process.

The embedded brokers run one after another. JSON and a table beside it are written after every case,
so an interruption loses no earlier measurement. A failed case is a row with its failure. Ratios are
to the bare loop of the same run: with Python's defaults, and with the workers' garbage collection.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exchange.engine.broker import broker_process
from tests.bench.load import Size

MAIN = Size(1_000_000, 288)
GROWTH = (Size(100_000, 288), Size(300_000, 288), MAIN, Size(3_000_000, 288))
AGENCIES = (Size(300_000, 10), Size(300_000, 100), Size(300_000, 1_000))
SERVED = (
    ("serve: read", Size(250_000, 0)),
    ("serve: read", Size(1_000_000, 0)),
    ("serve: JSON", Size(50_000, 0)),
    ("serve: stream", Size(50_000, 0)),
    ("pages: charts", Size(0, 0)),
    ("pages: Chromium", Size(50_000, 0)),
    ("pages: export", Size(0, 0)),
)
"""Case and points of `metrics`. Each has a broker of its own."""
YEAR = Size(680_000, 288)
"""What a nation's agencies send in a year."""
QUICK = (Size(100_000, 40),)
SERVICES, SERVICES_QUICK = 1_000_000, 50_000
"""Service rows of an agency's HMIS export."""
EDGE_EVENTS, FAUST_EVENTS, HEARTBEATS = 50_000, 5_000, 50
CASE_S_MAX = 1_200
ORDER = (
    "load",
    "gate",
    "bare",
    "bare, relaxed",
    "fold",
    "replay",
    "archive",
    "restore",
    "draw: count",
    "draw: 50,000 cells",
    "draw: process",
    "bare again",
)
Row = dict[str, object]


@dataclass(slots=True)
class Bench:
    """What was measured so far, a list of rows for each broker; shown and written as it grows."""

    say: Console
    out: Console
    file: Path
    runs: list[list[Row]] = field(default_factory=list)

    def broker(self, size: Size, cases: Iterator[tuple[str, Size]]) -> None:
        """Each case on one broker.

        Where the broker does not start, or the inboxes cannot be filled, the others fail too. A
        broker that does not stop is a row as well, and the next begins.
        """
        rows: list[Row] = []
        self.runs.append(rows)
        self.say.print(f"{size.events:,} events of {size.agencies} agencies", highlight=False)
        try:
            with broker_process() as broker:
                self._on(broker.bootstrap_servers, rows, cases)
        except Exception as error:  # noqa: BLE001 - a row says so
            rows.append(failed("broker", size, type(error).__name__))
            self.write()

    def _on(self, servers: str, rows: list[Row], cases: Iterator[tuple[str, Size]]) -> None:
        for case, of in cases:
            rows.append(measured(case, servers, of, self.say))
            self.write()
            if case == "load" and "failed" in rows[-1]:
                return

    def write(self) -> None:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
        told = {"machine": machine, "summary": summary_of(self.runs), "runs": self.runs}
        self.file.write_text(json.dumps(told, indent=1) + "\n")
        with self.file.with_suffix(".txt").open("w") as text:
            self.show(Console(file=text, width=150))

    def show(self, where: Console) -> None:
        for rows in self.runs:
            where.print(table_of(rows))
            where.print()
        for name, value in summary_of(self.runs).items():
            where.print(f"{name}: {value:.3g}", highlight=False)


def measured(case: str, servers: str, size: Size, say: Console) -> Row:
    """One row: what the case measured, or how it failed."""
    say.print(f"  {case}: {size.events:,} events, {size.agencies} agencies …", end="", highlight=False)
    name = case.removesuffix(" again")
    command = [sys.executable, "-m", "tests.bench.cases", name, servers, str(size.events), str(size.agencies)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CASE_S_MAX, check=False)
    except subprocess.TimeoutExpired:
        say.print(" not done", highlight=False)
        return failed(case, size, f"not done after {CASE_S_MAX} s")
    if done.returncode:
        say.print(" failed")
        sys.stderr.write(done.stderr)
        return failed(case, size, last_line(done.stderr) or f"ended with status {done.returncode}")
    row: Row = json.loads(done.stdout.splitlines()[-1])
    say.print(f" {row['seconds']:.1f} s", highlight=False)
    return {**row, "case": case}


def failed(case: str, size: Size, how: str) -> Row:
    return {"case": case, "events": size.events, "agencies": size.agencies, "failed": how}


def last_line(said: str) -> str:
    return next((line.strip()[:100] for line in reversed(said.splitlines()) if line.strip()), "")


def table_of(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("case", "events", "agencies", "events/s", "of bare", "CPU s per million", "peak MB", "note"):
        table.add_column(name, justify="left" if name in {"case", "note"} else "right")
    bare = rate_of(rows, "bare")
    for row in rows:
        begin = (str(row["case"]), f"{row['events']:,}", str(row["agencies"]))
        if "failed" in row:
            table.add_row(*begin, "", "", "", "", f"failed: {row['failed']}")
            continue
        rate, cpu = rate_of([row], str(row["case"])), cpu_of(row)
        ratio = f"{rate / bare:.3f}" if rate and bare else ""
        table.add_row(*begin, f"{rate:,.0f}", ratio, f"{cpu:.2f}", f"{row['peak_mb']:.0f}", str(row["note"]))
    return table


def rate_of(rows: list[Row], case: str) -> float | None:
    """Events a second; of a case that was measured again, the better.

    None where it was not measured.
    """
    of_case = [row for row in rows if str(row["case"]) in {case, f"{case} again"} and "failed" not in row]
    return max((float(str(row["events"])) / float(str(row["seconds"])) for row in of_case), default=None)


def cpu_of(row: Row) -> float:
    """CPU seconds a million events."""
    return float(str(row["cpu_seconds"])) / max(1.0, float(str(row["events"]))) * 1e6


def summary_of(runs: list[list[Row]]) -> dict[str, float]:
    """The numbers to compare between versions, from the first size; those that were measured.

    And those that cases name themselves.
    """
    rows = [row for some in runs[:3] for row in some if "failed" not in row]
    by_case = {str(row["case"]): row for row in rows}
    ratios = {
        "fold_of_bare": ("fold", "bare"),
        "fold_of_bare_relaxed": ("fold", "bare, relaxed"),
        "gate_of_bare": ("gate", "bare"),
        "archive_of_bare": ("archive", "bare"),
        "restore_of_bare": ("restore", "bare"),
        "fold_over_faust_table": ("fold", "faust table"),
    }
    rates = {name: (rate_of(rows, over), rate_of(rows, under)) for name, (over, under) in ratios.items()}
    found = {name: over / under for name, (over, under) in rates.items() if over and under}
    for name, case in (("derive_s", "derive"), ("draw_s", "draw: process")):
        if case in by_case:
            found[name] = float(str(by_case[case]["seconds"]))
    if "fold" in by_case:
        found["fold_cpu_s_per_million"] = cpu_of(by_case["fold"])
    for row in (row for some in runs for row in some):
        numbers = row.get("numbers")
        found |= numbers if isinstance(numbers, dict) else {}
    return found


def cases_of(size: Size, *, extras: bool) -> Iterator[tuple[str, Size]]:
    """Fill the inboxes once, then run each case once; the bare loop before and after the fold."""
    for case in ORDER:
        yield case, size
    if extras:
        yield "faust table", Size(FAUST_EVENTS, size.agencies)


def extra_cases() -> Iterator[tuple[str, Size]]:
    """What needs a broker of its own, once a run."""
    yield "load", Size(1_000, 1)
    yield "latency", Size(HEARTBEATS, 1)
    yield "edge", Size(EDGE_EVENTS, 1)
    yield "derive", Size(0, 0)


def hmis_cases(services: Size) -> Iterator[tuple[str, Size]]:
    """One agency's HMIS export, read, previewed and published."""
    yield "load", Size(1_000, 1)
    for case in ("hmis: read", "hmis: preview", "hmis: publish"):
        yield case, services


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="100,000 events of 40 agencies only")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the numbers go")
    options = parser.parse_args()
    bench = Bench(Console(stderr=True), Console(width=150), options.json)
    sizes = QUICK if options.quick else tuple(dict.fromkeys((MAIN, *GROWTH, *AGENCIES)))
    for size in sizes:
        whole = size in (MAIN, *QUICK)
        bench.broker(size, cases_of(size, extras=whole))
        if whole:
            bench.broker(Size(EDGE_EVENTS, 1), extra_cases())
            year = min(size, YEAR, key=lambda one: one.events)
            bench.broker(year, iter([("load", year), ("worker", year)]))
            services = Size(SERVICES_QUICK if options.quick else SERVICES, 1)
            bench.broker(services, hmis_cases(services))
            for case, points in SERVED:
                bench.broker(points, iter([("load", Size(1_000, 1)), (case, points)]))
    bench.show(bench.out)
    bench.out.print(f"numbers in {options.json}", highlight=False)
    sys.exit(any("failed" in row for rows in bench.runs for row in rows))


if __name__ == "__main__":
    main()
