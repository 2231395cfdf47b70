"""`make windows`: a folder from which an agency installs the edge on Windows.

It needs no administrator and no network there: wheels of everything for each supported Python, the
digest of each wheel, `install.cmd` and a README. Wheels are those of `uv.lock`, and are refused if
their digests are not.

    python -m tools.windows_folder OUT [--extra NAME …] [--python 3.13 …]
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PLATFORM = "win_amd64"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PARTS = ("install.cmd", "README.txt")


def main(words: Sequence[str] | None = None) -> None:
    """Make the folder; refuse one that is not empty."""
    parser = argparse.ArgumentParser(prog="python -m tools.windows_folder", description="An install folder.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--extra", action="append", default=[], help="an extra of the project, such as `excel`")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="for these versions alone")
    asked = parser.parse_args(words)
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"{asked.out} is not empty: name a new folder.")
    wheels = asked.out / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    locked = locked_requirements(asked.extra)
    for version in asked.python or PYTHONS:
        print(f"wheels for Python {version} …", flush=True)  # noqa: T201
        fetch(applying(locked, version), version, wheels)
    own = build(wheels)
    (asked.out / "requirements.txt").write_text("\n".join([*locked, own]) + "\n", encoding="ascii")
    for name in PARTS:
        text = (ROOT / "deploy" / "windows" / name).read_text(encoding="ascii")
        (asked.out / name).write_text(text, encoding="ascii", newline="\r\n")  # cmd.exe needs both
    print(f"{asked.out}: {len(list(wheels.iterdir()))} wheels, {size_of(asked.out) / 1e6:.0f} MB")  # noqa: T201


def locked_requirements(extras: Sequence[str]) -> list[str]:
    """What the base install needs, a line each: name, version, marker, digests."""
    chosen = [word for extra in extras for word in ("--extra", extra)]
    said = _run(
        _beside("uv"), "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--no-header",
        *chosen,
    )  # fmt: skip
    return [re.sub(r"\s+", " ", line).strip() for line in said.replace("\\\n", " ").splitlines() if line.strip()]


def applying(locked: Sequence[str], python: str) -> Iterator[str]:
    """The requirements that hold on Windows with this Python, without their markers.

    pip would compare the markers with the machine on which it runs.
    """
    for line in locked:
        named, _, digests = line.partition(" --hash=")
        requirement = Requirement(named)
        if requirement.marker is None or requirement.marker.evaluate(environment(python)):
            yield f"{requirement.name}{requirement.specifier} --hash={digests}"


def environment(python: str) -> dict[str, str]:
    """What markers are compared with."""
    return {
        "implementation_name": "cpython",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "platform_system": "Windows",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "win32",
    }


def fetch(requirements: Iterator[str], python: str, wheels: Path) -> None:
    """Download the wheels of these requirements; refuse one without the right digest."""
    with tempfile.TemporaryDirectory(prefix="exchange-windows-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(requirements) + "\n", encoding="ascii")
        _run(
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(wheels),
            "--platform", PLATFORM, "--python-version", python, "--only-binary=:all:", "--no-deps", "--require-hashes",
            "-r", str(file),
        )  # fmt: skip


def build(wheels: Path) -> str:
    """The project's own wheel; returns the requirement that names it."""
    with tempfile.TemporaryDirectory(prefix="exchange-wheel-") as folder:
        _run(_beside("uv"), "build", "--quiet", "--wheel", "--out-dir", folder, str(ROOT))
        (built,) = Path(folder).glob("*.whl")
        wheel = Path(shutil.copy(built, wheels))
    name, version, *_ = wheel.name.split("-")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}"


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _beside(program: str) -> str:
    """A program of the environment that runs this."""
    return str(Path(sys.executable).with_name(program))


def _run(*words: str) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        sys.exit(f"{Path(words[0]).name} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
