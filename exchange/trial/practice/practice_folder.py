"""A folder to practise in: a profile, its vault and key, two made-up files, an exchange."""

import secrets
from datetime import date
from pathlib import Path
from typing import Final

from exchange.engine.private_file import write_private
from exchange.trial.practice.practice_exchange import register
from exchange.trial.practice.practice_export import HOUSE, OUTREACH, write_export
from producers.errors import EdgeError
from producers.practice import PRACTICE
from producers.profile import Profile
from producers.secret_files import KEY_OCTETS, read_key_file, write_key_file
from producers.setup import make_vault

PROFILE: Final = f"""\
# PRACTICE: this agency does not exist, and no exchange is reached with it.
agency = "{PRACTICE}"
state = "ca"
legal_class = "individual"
vault = "vault/practice.vault"
key_file = "key/practice.key"

[hmis]
projects = ["{HOUSE}", "{OUTREACH}"]
"""
FILES: Final = ("export-1.zip", "export-2.zip")


class PracticeUnwritable(EdgeError):
    """The folder for practice cannot be made. Nothing was changed."""

    hint = "Name a folder that is not there yet, or an empty one."


def make_practice(folder: Path, today: date) -> Profile:
    """Make the folder; raises PracticeUnwritable where there is something already."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise PracticeUnwritable(f"There is something in {folder} already.")
        for place in ("vault", "key"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        write_private(folder / "agency.toml", PROFILE.encode())
        for name in FILES:
            write_export(folder / name, today, later=name == FILES[1])
        profile = Profile.load(folder / "agency.toml")
        assert profile.key_file is not None
        write_key_file(profile.key_file, secrets.token_bytes(KEY_OCTETS))
    except OSError as error:
        raise PracticeUnwritable(f"{folder} cannot be written: {error.strerror}.") from None
    number, key = make_vault(profile, read_key_file(profile.key_file))
    register(profile, number, key)
    return profile
