"""The mistakes in a profile, one sentence each: the key, its rule, how to write it.

Rules kept: a sentence consists of our own words, the file's name and the key's name. It never holds
a value, which may be a secret in the wrong place, and it names a key only where the name looks like
one. The rule of a key is the description of its field in `producers.profile`, so that nobody has to
read the messages of a validation library.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

SECRETS: Final = frozenset({"passphrase", "password", "key", "secret", "vault_passphrase", "sasl_password"})
_INSTEAD: Final = (
    "Name a passphrase_file or a key_file, set EXCHANGE_VAULT_PASSPHRASE, or leave it out to be asked; change the secret if "
    "others have seen the file."
)
_INSTEAD_AT_KAFKA: Final = (
    "Name a sasl_password_file below a line [kafka], or set EXCHANGE_SASL_PASSWORD; ask the operator for another password if "
    "others have seen the file."
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_PLACE: Final = re.compile(r"at line (\d+), column (\d+)")
LINE: Final = "a line is a key, an equals sign and a value, or a section such as [hmis]"
QUOTE_OPEN: Final = "a quotation mark is not closed"
LIST_OPEN: Final = "the closing ] of the list is missing"
_SYNTAX: Final = (
    (r"[^=\[\]]*", LINE),
    (r"\s*([\]=]|[\w-]+\s+[\w-]).*", LINE),
    (r"[^=\"']*=\s*(#.*)?", "the value is missing"),
    (r'[^"#]*"[^"]*("[^"]*"[^"]*)*', QUOTE_OPEN),
    (r"[^'\"#]*'[^']*", QUOTE_OPEN),
    (r'.*"[^"]*\\[^"]*".*', "write a path with / instead of \\, or between single quotation marks"),
    (r"""[^=]*=\s*("[^"]*"|'[^']*'|true|false|\d+)\s*[^\s#].*""", "there is something after the value: one key a line"),
    (
        r"""[^=]*=\s*(?!true|false)[^\s"'\[{#\d].*""",
        "a text stands between quotation marks; true, false and numbers do not",
    ),
    (r"[^=]*=\s*\[.*", "a list has commas between its values and ends with ]"),
)
"""A pattern for a whole line, and the rule that such a line breaks. The first that fits counts."""


@dataclass(frozen=True, slots=True)
class ProfileMistakes:
    """The sentences about one file. `rules`: by key; the keys of a section as `section.key`."""

    path: Path
    rules: Mapping[str, str]

    def missing(self, key: str) -> str:
        """The sentence for a missing key."""
        return f"{self.path}: {key} is missing: it {self.rules[key]}."

    def broken(self, key: str) -> str:
        """The sentence for a value that breaks the rule of its key."""
        return f"{self.path}: {key} is not right: it {self.rules[key]}."

    def unknown(self, section: str, name: str) -> str:
        """The sentence for a key that the profile does not have.

        `section`: such as `hmis`, or empty.
        """
        known = [key.rpartition(".")[2] for key in self.rules if key.rpartition(".")[0] == section]
        inside = f"[{section}]" if section else "the profile"
        if not _NAME.fullmatch(name):
            return f"{self.path}: a key of {inside} does not look like one; known are {', '.join(known)}."
        if name.lower() in SECRETS:
            do = _INSTEAD_AT_KAFKA if section == "kafka" or "sasl" in name.lower() else _INSTEAD
            return f"{self.path}: {name} is no key: a secret never goes into the profile. {do}"
        meant = self._meant(section, name, known)
        return f"{self.path}: {name} is no key of {inside}{meant}; known are {', '.join(known)}."

    def _meant(self, section: str, name: str, known: list[str]) -> str:
        if elsewhere := [key for key in self.rules if key != name and key.rpartition(".")[2] == name]:
            place = elsewhere[0].rpartition(".")[0]
            return f" (it belongs below a line [{place}])" if place else " (it belongs above the first section)"
        if section and name in self.rules:
            return " (it belongs above the first section)"
        close = get_close_matches(name, known, n=1)
        return f" (did you mean {close[0]}?)" if close else ""


def syntax_mistake(path: Path, text: str, error: str) -> str:
    """The sentence for a file that is not TOML.

    `error`: the parser's message, of which only the place is used.
    """
    lines, place = text.splitlines(), _PLACE.search(error)
    if place is None:
        return f"{path}, at its end: {_open_to_the_end(text) or _broken_rule(lines)}."
    return f"{path}, line {place[1]}, column {place[2]}: {_broken_rule(lines[: int(place[1])])}."


def _open_to_the_end(text: str) -> str:
    """The rule broken by a list or a text of several lines that does not end; empty if none is."""
    if any(text.count(quotes) % 2 for quotes in ('"""', "'''")):
        return QUOTE_OPEN
    return LIST_OPEN if text.count("[") > text.count("]") else ""


def _broken_rule(lines: Sequence[str]) -> str:
    """The rule that the last of these lines breaks."""
    *before, line = lines or [""]
    for pattern, rule in _SYNTAX:
        if re.fullmatch(pattern, line):
            return rule
    key = line.partition("=")[0].strip()
    if key in (earlier.partition("=")[0].strip() for earlier in before):
        return "the section is there twice" if key.startswith("[") else "the key is there twice"
    return "this is not TOML"


def encoding_mistake(path: Path, before: bytes) -> str:
    """The sentence for a file that is not UTF-8.

    `before`: the bytes before the first that is not.
    """
    line = before.count(b"\n") + 1
    return f"{path}, line {line}: a character is not UTF-8. Save the file as UTF-8."
