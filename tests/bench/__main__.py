"""`python -m tests.bench [--quick] [--json FILE]`: every case in its own process, on one embedded broker after another.

Prints a table; writes JSON. Ratios are to the bare loop of the same run: as Python runs it by default, and once more with
the garbage collector as the workers have it.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exchange.engine.broker import broker_process
from tests.bench.load import Size

MAIN = Size(1_000_000, 288)
GROWTH = (Size(100_000, 288), Size(300_000, 288), MAIN, Size(3_000_000, 288))
AGENCIES = (Size(300_000, 10), Size(300_000, 100), Size(300_000, 1_000))
QUICK = (Size(100_000, 40),)
EDGE_EVENTS, FAUST_EVENTS = 50_000, 5_000
CASE_S_MAX = 1_200
ORDER = ("load", "gate", "bare", "bare, relaxed", "fold", "replay", "draw: count", "draw: 50,000 cells")


def run(case: str, bootstrap: str, size: Size, say: Console) -> dict[str, object]:
    say.print(f"  {case}: {size.events:,} events, {size.agencies} agencies …", end="", highlight=False)
    command = [sys.executable, "-m", "tests.bench.cases", case, bootstrap, str(size.events), str(size.agencies)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=CASE_S_MAX, check=False)
    if done.returncode:
        say.print(" failed")
        sys.stderr.write(done.stderr)
        sys.exit(1)
    measured: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    say.print(f" {measured['seconds']:.1f} s", highlight=False)
    return measured


def measure(size: Size, say: Console, *, extras: bool) -> list[dict[str, object]]:
    """One broker, one filling of the inboxes, every case once; the bare loop twice, before and after the fold."""
    results = []
    with broker_process() as broker:
        say.print(f"{size.events:,} events of {size.agencies} agencies", highlight=False)
        results += [run(case, broker.bootstrap_servers, size, say) for case in ORDER]
        results.append({**run("bare", broker.bootstrap_servers, size, say), "case": "bare again"})
        if extras:
            results.append(run("faust table", broker.bootstrap_servers, Size(FAUST_EVENTS, size.agencies), say))
    if extras:
        with broker_process() as broker:
            run("load", broker.bootstrap_servers, Size(1_000, 1), say)
            results.append(run("edge", broker.bootstrap_servers, Size(EDGE_EVENTS, 1), say))
            results.append(run("derive", broker.bootstrap_servers, Size(0, 0), say))
    return results


def table_of(results: list[dict[str, object]], bare_rate: float) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("case", "events", "agencies", "events/s", "of bare", "CPU s per million", "peak MB", "note"):
        table.add_column(name, justify="left" if name in {"case", "note"} else "right")
    for r in results:
        rate = float(r["events"]) / float(r["seconds"])
        cpu = float(r["cpu_seconds"]) / float(r["events"]) * 1e6
        cells = (f"{r['events']:,}", str(r["agencies"]), f"{rate:,.0f}", f"{rate / bare_rate:.3f}", f"{cpu:.2f}")
        table.add_row(str(r["case"]), *cells, f"{r['peak_mb']:.0f}", str(r["note"]))
    return table


def rate_of(results: list[dict[str, object]], case: str) -> float:
    return max(float(r["events"]) / float(r["seconds"]) for r in results if str(r["case"]) in {case, f"{case} again"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="100,000 events of 40 agencies only")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the numbers go")
    options = parser.parse_args()
    progress, out = Console(stderr=True), Console(width=150)
    sizes = QUICK if options.quick else tuple(dict.fromkeys((MAIN, *GROWTH, *AGENCIES)))
    runs = [measure(size, progress, extras=size in (MAIN, *QUICK)) for size in sizes]
    for results in runs:
        out.print(table_of(results, rate_of(results, "bare")))
        out.print()
    first = runs[0]
    bare = rate_of(first, "bare")
    summary = {
        "fold_of_bare": rate_of(first, "fold") / bare,
        "fold_of_bare_relaxed": rate_of(first, "fold") / rate_of(first, "bare, relaxed"),
        "gate_of_bare": rate_of(first, "gate") / bare,
        "fold_over_faust_table": rate_of(first, "fold") / rate_of(first, "faust table"),
        "derive_s": next(float(r["seconds"]) for r in first if r["case"] == "derive"),
        "fold_cpu_s_per_million": next(
            float(r["cpu_seconds"]) / float(r["events"]) * 1e6 for r in first if r["case"] == "fold"
        ),
    }
    for name, value in summary.items():
        out.print(f"{name}: {value:.3g}", highlight=False)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    options.json.write_text(json.dumps({"machine": machine, "summary": summary, "runs": runs}, indent=1) + "\n")
    out.print(f"numbers in {options.json}", highlight=False)


if __name__ == "__main__":
    main()
