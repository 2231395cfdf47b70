"""The clients whom a vault knows: their numbers and keys, and who is held.

Nothing of it ever leaves.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from producers.vault.key_forms import form_of
from producers.vault.store import Vault, batches, places

CLIENT_KEY_OCTETS: Final = 16


class ClientTable:
    """The clients of a vault, by the agency's own keys of them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._secret = vault.get("secret")
        self._numbers: dict[str, int] = {}
        self._new: set[str] = set()
        self._last = 0
        self._added: set[int] = set()
        self.spelt_anew: set[int] = set()
        """Known clients of whose records this run has met some under another spelling."""
        self._held: tuple[set[int], set[bytes], set[str]] | None = None
        self.held_seen: set[bytes | int | None] = set()
        """Held clients whom this run has met, by name, or number if a record names another."""
        self.held_alike = 0
        """New clients whom this run has held, because a held client's key is spelt nearly so."""

    def number(self, client: str) -> int | None:
        """The vault's number of a client; None for facts about the agency."""
        if not client:
            return None
        number = self._numbers.get(client)
        if number is None:
            number = self._add(client) if client in self._new else self.row(client)[0]
            self._numbers[client] = number
        return number

    def owner(self, client: str, was_of: int | None) -> int | None:
        """The number of the client whom a known record belongs to, which names this client now.

        The record stays with its client where a new key is another spelling of theirs.
        """
        if not client or (was_of is not None and self._numbers.get(client) == was_of):
            return was_of
        if was_of is not None and self._is_new_spelling(client, was_of):
            self.spelt_anew.add(was_of)
            return was_of
        return self.number(client)

    def _is_new_spelling(self, client: str, of: int) -> bool:
        row = self._vault.one("SELECT name FROM client WHERE id = ?", (of,))
        name = bytes(row[0]).decode() if row else client
        if name == client or form_of(name) != form_of(client):
            return False
        return self._is_new(client) or self._numbers.get(client) in self._added

    def look_ahead(self, clients: Iterable[str]) -> None:
        """Look up the clients who will be named soon, all at once."""
        names = {client.encode(): client for client in clients if client not in self._numbers}
        self._new = set(names.values())
        for some in batches(list(names)):
            query = f"SELECT id, name FROM client WHERE name IN ({places(some)})"  # noqa: S608
            for number, name in self._vault.all(query, some):
                self._numbers[names[bytes(name)]] = number
                self._new.discard(names[bytes(name)])

    def _add(self, client: str) -> int:
        """Add a client who is not there yet; returns the number."""
        self._new.discard(client)
        if not self._last:
            row = self._vault.one("SELECT max(id) FROM client")
            self._last = int(row[0] or 0) if row else 0
        self._last += 1
        self._added.add(self._last)
        name = client.encode()
        key = blake2b(name, digest_size=CLIENT_KEY_OCTETS, key=self._secret, person=b"client").digest()
        self._vault.later("INSERT INTO client (id, name, key) VALUES (?, ?, ?)", (self._last, name, key))
        return self._last

    def row(self, client: str) -> tuple[int, bytes]:
        """(number, key) of a client, who is added if unknown.

        `key`: 16 bytes for this client alone, the same for ever.
        """
        name = client.encode()
        row = self._vault.one("SELECT id, key FROM client WHERE name = ?", (name,))
        if row is None:
            self._add(client)
            row = self._vault.one("SELECT id, key FROM client WHERE name = ?", (name,))
            assert row is not None
        return int(row[0]), row[1]

    def set_held(self, client: str, *, held: bool) -> int:
        """Begin or end a hold; returns the client's number."""
        number = self.row(client)[0]
        self._vault.run("UPDATE client SET held = ? WHERE id = ?", (held, number))
        self._held = None
        return number

    def is_held(self, client: str, number: int | None = None) -> bool:
        """Whether the client of this name, or of this number, is held.

        A new client whose key is another spelling of a held client's is held from now on, too:
        nobody can know that they are two.
        """
        if self._held is None:
            held = self._vault.all("SELECT id, name FROM client WHERE held = 1")
            forms = {form_of(bytes(name).decode()) for _, name in held}
            self._held = {number for number, _ in held}, {name for _, name in held}, forms
        numbers, names, forms = self._held
        if not numbers:
            return False
        name = client.encode()
        if name in names or number in numbers:
            self.held_seen.add(name if name in names else number)
            return True
        if client and form_of(client) in forms and self._is_new(client):
            self.set_held(client, held=True)
            self.held_alike += 1
            self.held_seen.add(name)
            return True
        return False

    def _is_new(self, client: str) -> bool:
        known = "SELECT 1 FROM client WHERE name = ?"
        return client not in self._numbers and self._vault.one(known, (client.encode(),)) is None

    def alike(self, client: str) -> int:
        """How many known clients have another spelling of this key, and are not held."""
        form = form_of(client)
        names = (bytes(name).decode() for (name,) in self._vault.all("SELECT name FROM client WHERE held = 0"))
        return sum(form_of(name) == form for name in names if name != client)

    def unmatched_holds(self) -> int:
        """How many held clients this run has not met, less the ones it met in their place."""
        return max(0, self.held() - 2 * len(self.held_seen))

    def forget(self) -> None:
        """Forget the numbers of clients: some may be gone."""
        self._numbers.clear()
        self._new.clear()

    def held(self) -> int:
        """The number of held clients."""
        return len(self._vault.all("SELECT 1 FROM client WHERE held = 1"))
