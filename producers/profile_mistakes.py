"""What is wrong with a profile, in one sentence for each mistake: the key, its rule, what to write instead.

Rules kept: a sentence is made of our own words, of the key's name and of the file's name; never of a value, which could be
a secret in the wrong place, and a key's name only where it looks like one. Every key of the profile has its rule here (a
test sees to it), so that nobody has to read what a validation library says.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from producers.switches import SWITCHES

RULES: Final[Mapping[str, str]] = {
    "agency": 'is the code agreed with the operator, such as "harbor-light": a letter a–z, then 1 to 31 letters a–z, digits or '
    "hyphens",
    "state": 'is one state or territory, by its two small letters, such as "ca"; a row of a file may name another '
    "(`exchange vocabulary us_state` shows them all)",
    "legal_class": 'is "individual", "year_only" or "tally_only", without a default: ask your counsel what you may share',
    "vault": 'is the path of the encrypted file that keeps what was sent, such as "harbor-light.vault"',
    "small_counts": "is true or false, without quotation marks; true only with legal_class tally_only and your counsel's "
    "signature",
    "passphrase_file": "is the path of a file that holds the vault's passphrase, in quotation marks",
    "key_file": "is the path of the vault's key file, in quotation marks (`exchange edge init --key-file` writes one)",
    "bootstrap_servers": 'is one text of host:port, with commas between several, such as "kafka.example.org:9093": ask the '
    "operator",
    "scheduled": "is true or false, without quotation marks",
    "sensitive": 'is a list of switches, such as ["foreign_national"]; known are {switches}',
    "hmis": "is a section of its own: a line [hmis], and its keys below it",
    "hmis.gender_from_sex": "is true or false, without quotation marks",
    "hmis.all_projects_trafficking": "is true or false, without quotation marks",
    "hmis.projects": 'is a list of ProjectIDs in quotation marks, such as ["17", "23"]',
}
SECRETS: Final = frozenset({"passphrase", "password", "key", "secret", "vault_passphrase"})
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_PLACE: Final = re.compile(r"at line (\d+), column (\d+)")
_SYNTAX: Final = (
    ("Expected '=' after a key", "a line is a key, an equals sign and a value"),
    ("Unterminated string", "the closing quotation mark is missing"),
    ("Expected newline or end of document", "there is something behind the value: one key a line"),
    ("Unclosed array", "the closing ] of the list is missing"),
    ("Expected ']'", "the closing ] is missing"),
    ("Cannot overwrite a value", "the key stands there twice"),
    ("Cannot declare", "the section stands there twice"),
    ("Unescaped '\\'", "write a path with / instead of \\, or between single quotation marks"),
    ("Invalid hex value", "write a path with / instead of \\, or between single quotation marks"),
    ("Invalid value", "a text stands between quotation marks; true, false and numbers stand without"),
    ("Illegal character", "a quotation mark is not closed, or there is a character that cannot be seen"),
    ("Invalid statement", "a line is a key, an equals sign and a value, or a section such as [hmis]"),
)


def syntax_mistake(path: Path, said: str) -> str:
    """The sentence for a file that is no TOML. `said`: the parser's words, of which only the place and the kind are used."""
    rule = next((ours for theirs, ours in _SYNTAX if said.startswith(theirs)), "this is not TOML")
    place = _PLACE.search(said)
    where = f"line {place[1]}, column {place[2]}" if place else "at its end"
    return f"{path}, {where}: {rule}."


def encoding_mistake(path: Path, before: bytes) -> str:
    """The sentence for a file that is not UTF-8. `before`: what stands in front of the first byte that is not."""
    line = before.count(b"\n") + 1
    return f"{path}, line {line}: a character is not UTF-8. Save the file as UTF-8."


def missing(path: Path, key: str) -> str:
    """The sentence for a key that is not there."""
    return f"{path}: {key} is missing: it {_rule(key)}."


def broken(path: Path, key: str) -> str:
    """The sentence for a value that breaks its rule."""
    return f"{path}: {key} is not right: it {_rule(key)}."


def unknown(path: Path, section: str, name: str) -> str:
    """The sentence for a key that the profile does not have. `section`: `hmis`, or empty."""
    known = [key.removeprefix(f"{section}.") for key in _keys_of(section)]
    inside = f"[{section}]" if section else "the profile"
    if not _NAME.fullmatch(name):
        return f"{path}: a key of {inside} does not look like one; known are {', '.join(known)}."
    if name.lower() in SECRETS:
        return (
            f"{path}: {name} is no key: a secret never stands in the profile. Name a passphrase_file or a key_file, set "
            "EXCHANGE_VAULT_PASSPHRASE, or leave it out to be asked; change the secret if others have seen the file."
        )
    return f"{path}: {name} is no key of {inside}{_meant(section, name, known)}; known are {', '.join(known)}."


def _meant(section: str, name: str, known: list[str]) -> str:
    if elsewhere := [key for key in RULES if key != name and key.rpartition(".")[2] == name]:
        place = elsewhere[0].rpartition(".")[0]
        return f" (it belongs below a line [{place}])" if place else " (it belongs above the first section)"
    if section and name in RULES:
        return " (it belongs above the first section)"
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _keys_of(section: str) -> Iterator[str]:
    return (key for key in RULES if key.rpartition(".")[0] == section)


def _rule(key: str) -> str:
    return RULES[key].replace("{switches}", ", ".join(sorted(SWITCHES)))
