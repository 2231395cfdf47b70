"""A very large file: read in the memory of a small one, or refused before its bytes."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from producers.errors import SourceUnreadable
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading.files import FILE_OCTETS_MAX
from tests.kits.hmis_exports import STAY, sample, settings

NOTE = "x" * 20_000
MEMORY_MB_MAX = 150
READ = """
import sys
from pathlib import Path
from producers.sources.hmis import HmisExport
from tests.kits.hmis_exports import settings
print(sum(1 for _ in HmisExport(Path(sys.argv[1]), settings()).read()))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) >> 10)
"""


@pytest.mark.parametrize("rows", [4_000, pytest.param(95_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_octets_of_a_file(tmp_path: Path, rows: int) -> None:
    """80 MB by day, 1.9 GB at night: notes of 20 kB in a column that nobody reads."""
    written = sample()
    folder = written.folder(tmp_path)
    with (folder / "Services.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, written.headers["Services.csv"], restval="")
        writer.writeheader()
        for number in range(rows):
            what = {"DateProvided": "2026-03-01", "RecordType": "142", "TypeProvided": "7", "OtherTypeProvided": NOTE}
            writer.writerow({**STAY, "ServicesID": f"S{number}", **what})
    path = ":".join(one for one in sys.path if one)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    readings, peak_mb = map(int, done.stdout.split())
    assert readings > rows
    assert peak_mb < MEMORY_MB_MAX


def test_a_file_larger_than_an_export_can_be_is_refused_before_its_bytes(tmp_path: Path) -> None:
    """A sparse file: it takes no room on the disk."""
    folder = sample().folder(tmp_path)
    with (folder / "Services.csv").open("r+b") as file:
        file.truncate(FILE_OCTETS_MAX + 1)
    with pytest.raises(SourceUnreadable, match="larger than an export can be"):
        next(HmisExport(folder, settings()).read())
