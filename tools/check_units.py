"""`systemd-analyze` on the generated units: they are valid, and no more exposed than stated.

Part of `make check`. Where there is no systemd, it says so and checks nothing; in CI (`CI=true`)
that is a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from exchange.deploy.units import EXPOSURE_MAX, systemd_units

PROGRAM = "systemd-analyze"


def main() -> None:
    """Check, and end with status 1 if a unit is not what it should be."""
    if shutil.which(PROGRAM) is None:
        print(f"{PROGRAM}: not installed; the units were not checked")  # noqa: T201
        sys.exit(1 if os.environ.get("CI") else 0)
    command = shutil.which("true") or "/bin/true"  # verify wants a program that is there
    with tempfile.TemporaryDirectory(prefix="exchange-units-") as folder:
        paths = []
        for unit in systemd_units(command):
            file = Path(folder) / unit.name
            file.write_text(unit.text, encoding="utf-8")
            paths.append(str(file))
        _run("verify", "--man=no", *paths)
        services = [path for path in paths if path.endswith(".service")]
        for path in services:
            _run("security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}", "--no-pager", path)
    print(f"{PROGRAM}: {len(paths)} units are valid, {len(services)} services below {EXPOSURE_MAX}")  # noqa: T201


def _run(*words: str) -> None:
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode or (words[0] == "verify" and done.stderr):  # it only warns about a setting that it does not know
        sys.exit(f"{PROGRAM} {' '.join(words)}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
