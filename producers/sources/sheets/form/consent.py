"""The consent column: who is held, and whose rows stay here until somebody has asked.

Rules kept: one `no` about a client holds the client, whatever other rows hold; one `yes` counts for
all their rows. Where no row holds an answer, the profile's `blank_consent` decides; it has no
default. A cell that is neither keeps the client's rows here, because not knowing means the stricter
side. A hold outlasts the file: only `exchange edge unhold` ends it.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from exchange.core.words import number_of
from producers.errors import ProfileInvalid
from producers.sources.sheets.form.form_words import said

BlankConsent = Literal["publish", "keep_back"]
KEPT_BACK: Final = "consent is not recorded: the row stays here"


@dataclass(slots=True)
class ConsentSeen:
    """The answers of one file, by client."""

    refused: dict[str, None] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    blank: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)

    def saw(self, client: str, text: str) -> None:
        """Take the cell of one row."""
        answer = said(text)
        if not text:
            self.blank.add(client)
        elif answer is None:
            self.unreadable.add(client)
        elif answer:
            self.given.add(client)
        else:
            self.refused[client] = None

    def unanswered(self) -> set[str]:
        """The clients of whom no row holds an answer."""
        return self.blank - self.given - self.refused.keys()

    def kept_back(self, blank: BlankConsent | None, name: str) -> set[str]:
        """The clients whose rows stay here; raises ProfileInvalid if the profile must decide.

        `name`: of the sheet, for the message.
        """
        unanswered = self.unanswered()
        if unanswered and blank is None:
            raise ProfileInvalid(
                f"{name} holds no answer on consent about {number_of(len(unanswered), 'client')}. Ask your counsel "
                'what that means, then write under [sheets] blank_consent = "keep_back" or "publish".'
            )
        return self.unreadable - self.refused.keys() | (unanswered if blank == "keep_back" else set())
