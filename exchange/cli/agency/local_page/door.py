"""Who may use the pages: one browser, which came by a one-time address.

    door = Door(port)
    door.issue()            http://127.0.0.1:PORT/open/TICKET, printed at the terminal
    door.enter(ticket)      True once: from now on there are pages, below `root`
    door.admits(path, cookies)

Rules kept: a ticket opens once, and a second use is told apart from a wrong one. Pages are below a
random path, and the cookie is sent to this path only: cookies know no ports, so without it another
program's page on this machine would be sent the cookie. All of it is new at each entering, is held
in memory only, and is compared in constant time.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

HERE: Final = "127.0.0.1"
"""The only address that is listened to."""
OPEN: Final = "/open/"
TICKET_OCTETS: Final = 32
PATH_OCTETS: Final = 16


@dataclass(slots=True)
class Door:
    """The way in. `root`: the path of the pages; empty while nobody is in."""

    port: int
    root: str = ""
    form_key: str = field(default="", repr=False)
    """Stands in every form: what another site makes a browser send does not have it."""
    cookie_name: str = ""
    used_again: bool = False
    """Whether a ticket came twice: perhaps somebody else on this machine read it first."""
    _cookie: str = field(default="", repr=False)
    _ticket: str = field(default="", repr=False)
    _used: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        """The only origin from which a form may come."""
        return f"http://{HERE}:{self.port}"

    @property
    def host(self) -> str:
        """The only name under which a browser may ask."""
        return f"{HERE}:{self.port}"

    def issue(self) -> str:
        """A new address that opens once; an earlier one that was not used opens no longer."""
        self._ticket = secrets.token_urlsafe(TICKET_OCTETS)
        return f"{self.origin}{OPEN}{self._ticket}"

    def enter(self, ticket: str) -> bool:
        """Whether this ticket opens. If so, it and everything of the browser before are void."""
        if not self._ticket or not _same(ticket, self._ticket):
            self.used_again = self.used_again or bool(self._used and _same(ticket, self._used))
            return False
        self._used, self._ticket = self._ticket, ""
        self.root, self.form_key = f"/{secrets.token_urlsafe(PATH_OCTETS)}", secrets.token_urlsafe(PATH_OCTETS)
        self.cookie_name, self._cookie = f"p{secrets.token_hex(4)}", secrets.token_urlsafe(TICKET_OCTETS)
        return True

    def close(self) -> None:
        """Let nobody in until a new address is used."""
        self.root = self.form_key = self.cookie_name = self._cookie = ""

    def cookie(self) -> str:
        """The header Set-Cookie: for this path, out of reach of scripts, gone with the browser."""
        return f"{self.cookie_name}={self._cookie}; Path={self.root}/; HttpOnly; SameSite=Strict"

    def admits(self, path: str, cookies: Mapping[str, str]) -> bool:
        """Whether a request for this path comes from the browser that entered."""
        if not self.root:
            return False
        below = _same(path[: len(self.root) + 1], f"{self.root}/")
        return _same(cookies.get(self.cookie_name, ""), self._cookie) and below

    def is_form_key(self, given: str) -> bool:
        """Whether a form has the key of the pages."""
        return bool(self.form_key) and _same(given, self.form_key)


def _same(given: str, right: str) -> bool:
    return compare_digest(given.encode(), right.encode())
