"""The pages of `exchange edge ui` over a vault, and a browser of one's own that asks them."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from exchange.cli.agency.local_page.agency_pages import AgencyPages
from exchange.cli.agency.local_page.door import HERE, Door
from exchange.cli.agency.local_page.forms import KIND
from exchange.cli.agency.local_page.idle_lock import MINUTE_S, IdleLock
from exchange.cli.agency.local_page.local_app import faces
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import make_vault

PORT = 7
PASSPHRASE = "correct horse battery staple"
PROFILE = 'agency = "harbor-light"\nstate = "ca"\nlegal_class = "individual"\nvault = "harbor.vault"\n'
ENDS_S = 60.0


@dataclass
class Hand:
    """A clock that a test moves."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class OwnPage:
    """The pages, and who looks at them. `shown`: new addresses at the terminal."""

    folder: Path
    clock: Hand = field(default_factory=Hand)
    shown: list[str] = field(default_factory=list)
    peer: str = HERE
    pages: AgencyPages = field(init=False)
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "place").mkdir()
        lock = IdleLock(10 * MINUTE_S, self.clock)
        self.pages = AgencyPages(Door(PORT), lock, self.folder / "place", self.shown.append)
        transport = httpx.ASGITransport(faces(self.pages), client=(self.peer, 50_000), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=self.pages.door.origin)

    async def open(self) -> httpx.Response:
        """Use the address of the terminal."""
        answer = await self.client.get(self.pages.door.issue())
        assert answer.status_code == 200
        return answer

    async def get(self, name: str, **more: Any) -> httpx.Response:
        return await self.client.get(f"{self.pages.door.root}/{name}", **more)

    async def post(self, name: str, *, headers: Any = None, **fields: str) -> httpx.Response:
        """A form, as a browser sends it from the page."""
        form = urlencode({"form_key": self.pages.door.form_key, **fields})
        from_here = {"content-type": KIND, "origin": self.pages.door.origin, "sec-fetch-site": "same-origin"}
        address = f"{self.pages.door.root}/{name}"
        return await self.client.post(address, content=form, headers={**from_here, **(headers or {})})

    async def put(self, name: str, content: Any, octets: int | None = None, **headers: str) -> httpx.Response:
        """A file, as the page sends it."""
        said = len(content) if octets is None else octets
        sent = {
            "origin": self.pages.door.origin,
            "x-form-key": self.pages.door.form_key,
            "x-file-name": name,
            "content-length": str(said),
        }
        return await self.client.put(f"{self.pages.door.root}/file", content=content, headers={**sent, **headers})

    async def result(self, name: str, **fields: str) -> str:
        """Begin some work, wait for its end or its question, and read the page."""
        answer = await self.post(name, **fields)
        assert answer.status_code == 303, answer.text
        return await self.settled(name)

    async def settled(self, name: str) -> str:
        async with asyncio.timeout(ENDS_S):
            while self.pages.job.runs and self.pages.job.progress.asked is None:  # noqa: ASYNC110 - it is a thread
                await asyncio.sleep(0.01)
        return (await self.get(name)).text

    def kept(self) -> list[str]:
        """Every file in the private place."""
        return sorted(path.name for path in (self.folder / "place").rglob("*"))


def words_of(page: str) -> str:
    """The words of a page, for an assertion."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", page)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def with_passphrase(folder: Path) -> Path:
    """A profile whose vault a passphrase opens."""
    path = folder / "agency.toml"
    path.write_text(PROFILE, encoding="utf-8")
    make_vault(Profile.load(path), Secret(PASSPHRASE))
    return path
