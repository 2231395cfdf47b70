"""The questions of `exchange edge init` at a terminal: what a profile lacks, and nothing else.

At most six, the passphrase of the new vault among them: code, state, legal class, projects, key
file, passphrase. Each answer goes into the profile, under the same rules as one written by hand. A
complete profile is asked about nothing; elsewhere than at a terminal nobody is asked.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

CODE: Final = "Your agency's code, agreed with the operator (such as harbor-light)"
STATE: Final = "Your state, by its two letters"
CLASS: Final = (
    "What may leave about clients: individual, year_only, tally_only; or tally_only+small, if counsel signed for counts of "
    "1–10. Ask your counsel"
)
PROJECTS: Final = "Your anti-trafficking programs of the {} listed: ProjectIDs with commas, or Enter for all"
KEY_FILE: Final = "Path of a new key file, in another folder than the vault; or Enter for a passphrase"
WRITTEN: Final = "exchange: there is no profile {}: your answers go into it."
SMALL: Final = "tally_only+small"
ASKED: Final = ("agency", "state", "legal_class")


def complete_profile(path: Path) -> bool:
    """Ask for what the profile lacks and write it; whether a key file is to be made for it.

    Does nothing where nobody can answer, or where the file is no TOML: loading it says why.
    """
    if not sys.stdin.isatty():
        return False
    from exchange.engine.private_file import write_private
    from producers.looking.profile_draft import draft

    there = path.exists()
    text = path.read_text(encoding="utf-8-sig") if there else draft(None)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    if all(key in data for key in ASKED):
        return False
    if not there:
        typer.echo(WRITTEN.format(path), err=True)
    text, makes_key = _answered(text, data)
    write_private(path, text.encode())
    return makes_key


def _answered(text: str, data: dict[str, object]) -> tuple[str, bool]:
    """The profile's text with the answers, and whether a key file is to be made."""
    from producers.profile import Profile, rules_of

    rules = rules_of(Profile)
    if "agency" not in data:
        text = put(text, "agency", _ask(CODE, _is_code, rules["agency"]))
    if "state" not in data:
        text = put(text, "state", _ask(STATE, _is_state, rules["state"]).lower())
    if "legal_class" not in data:
        answer = _ask(
            CLASS, lambda given: given in {"individual", "year_only", "tally_only", SMALL}, rules["legal_class"]
        )
        text = put(text, "legal_class", answer.removesuffix("+small"))
        text = put(text, "small_counts", value=True) if answer == SMALL else text
    hmis = data.get("hmis")
    listed = hmis.get("projects", []) if isinstance(hmis, dict) else []
    if len(listed) > 1:
        text = _chosen(text, listed)
    if {"key_file", "passphrase_file"} & data.keys():
        return text, False
    key_file = str(typer.prompt(KEY_FILE, default="", show_default=False, err=True)).strip()
    return (put(text, "key_file", key_file) if key_file else text), bool(key_file)


def _chosen(text: str, listed: list[str]) -> str:
    """The profile with the lines of the chosen projects alone."""
    from producers.looking.profile_draft import LISTED

    rule = f"are ProjectIDs of the list: {', '.join(listed)}"
    answer = _ask(PROJECTS.format(len(listed)), lambda given: _parted(given) <= {*listed}, rule, default="")
    left_out = {*listed} - _parted(answer) if answer else set[str]()
    gone = (LISTED, *(f"{json.dumps(one)}," for one in left_out))
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith(gone))


def _parted(answer: str) -> set[str]:
    return {part.strip() for part in answer.split(",") if part.strip()}


def put(text: str, key: str, value: str | bool) -> str:
    """The text of a profile with a key of its top part: in the place of its comment, else first."""
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    placed, found = re.subn(rf"^# *{key} *=.*$", lambda _: line, text, count=1, flags=re.MULTILINE)
    return placed if found else f"{line}\n{text}"


def _ask(question: str, is_right: Callable[[str], bool], rule: str, default: str | None = None) -> str:
    """Ask until the answer keeps the rule."""
    while True:
        given = typer.prompt(question, default=default, show_default=False, err=True)
        answer = str(given).strip()
        if is_right(answer):
            return answer
        typer.echo(f"exchange: it {rule}.", err=True)


def _is_code(given: str) -> bool:
    from exchange.wire.topics import AGENCY_CODE
    from producers.practice import PRACTICE

    return bool(AGENCY_CODE.fullmatch(given)) and given != PRACTICE


def _is_state(given: str) -> bool:
    from exchange.core.counting.tables import MISSING_CODES, NOT_APPLICABLE
    from exchange.core.model.vocabulary import UsState

    return given.lower() in {str(state) for state in UsState} - MISSING_CODES - {NOT_APPLICABLE}
