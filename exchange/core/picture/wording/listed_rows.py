"""Rows that the picture reads: figures of 2003, research topics of 2008, public practices.

`exchange.core.picture.wording.labels` has them, derived from `schemas/vocabulary`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """A figure of the 2003 needs assessment, or of the 2008 brief where `source` says so.

    `published`: as it was printed; empty: a question of the study whose figure is not at hand.
    `measure`: how the exchange would measure it, in words.
    """

    code: str
    label: str
    source: str
    note: str
    published: str
    measure: str


@dataclass(frozen=True, slots=True)
class ResearchTopic:
    """A research topic of the 2008 brief. `number`: its place in the list; `text`: before it."""

    code: str
    label: str
    number: str
    note: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A public practice. `number`: as events cite it. `service`: the code of what it is about."""

    number: int
    title: str
    by: str
    what_for: str
    link: str
    service: str
