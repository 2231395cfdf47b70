"""A profile for a file that was looked at: what could be found is filled in, the rest is marked.

    draft(overview) -> str

Rules kept: nothing that a person must decide has a value: such a line is a comment with DECIDE.
The file itself is written only where there is none yet.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exchange.engine.private_file import write_private
from producers.errors import EdgeError
from producers.overview import Overview, ProjectSeen

HEAD: Final = """\
# The profile of one agency, for `exchange edge init` and `exchange publish` (docs/PUBLISHING.md).
# Lines with DECIDE are for you. `exchange edge init` asks for them at a terminal, or remove the #.

# DECIDE: the code that you agree on with the operator of the exchange; it never changes.
# agency = "harbor-light"
"""
CLASS: Final = """
# DECIDE with your counsel what may leave about clients:
#   "individual" (events by quarter), "year_only" (events by year) or "tally_only" (totals alone).
# legal_class = "tally_only"
# small_counts = true            # tally_only: counts of 1-10 may leave; only if counsel has signed it

vault = "vault/edge.vault"       # made by `exchange edge init`: the encrypted memory of what was sent
# key_file = "/path/edge.key"    # DECIDE: a key file in another folder, or a passphrase (ask at start)
# sensitive = ["foreign_national"]  # off unless named here
"""
LISTED: Final = "# DECIDE: keep only your anti-trafficking programs; every project of the file is listed."
KAFKA: Final = """
[kafka]                          # how the exchange is reached: the operator gives you these
# bootstrap_servers = "kafka.example.org:9093"
# security_protocol = "SASL_SSL"
# ssl_cafile = "ca.crt"
# sasl_username = "agency-harbor-light"
# sasl_password_file = "kafka.password"
"""


class DraftUnwritable(EdgeError):
    """The profile cannot be written; a file that is there is never overwritten."""

    hint = "Name another file with --profile-out, or use the profile that is there."


def draft(overview: Overview | None) -> str:
    """The text of the profile, with the projects that were found."""
    projects = overview.projects if overview else ()
    return "".join((HEAD, *_state(projects), CLASS, *_hmis(projects), KAFKA))


def write_draft(path: Path, overview: Overview | None) -> None:
    """Write the profile where there is none; raises DraftUnwritable."""
    if path.exists() or path.is_symlink():
        raise DraftUnwritable(f"There is something at {path} already; it was not changed.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, draft(overview).encode())
    except OSError as error:
        raise DraftUnwritable(f"The profile {path} cannot be written: {error.strerror}.") from None


def _state(projects: tuple[ProjectSeen, ...]) -> Iterator[str]:
    found = Counter(state for project in projects for state in project.states)
    if found:
        yield f'\nstate = "{found.most_common(1)[0][0]}"                     # the state of most projects in the file\n'
    else:
        yield '\n# DECIDE: your state, by its two small letters; the file names none.\n# state = "ca"\n'


def _hmis(projects: tuple[ProjectSeen, ...]) -> Iterator[str]:
    if not projects:
        return
    yield f"\n[hmis]\n{LISTED}\nprojects = [\n"
    for project in projects:
        yield f'    "{project.key}",  # {project.name or "without a name"}: {project.kind}, {project.stays} enrollments\n'
    yield "]\ngender_from_sex = false          # true: read HMIS 2026 Sex as gender\n"
    yield 'household_cases = "head"         # of a household its head is a case; or "everyone"\n'
