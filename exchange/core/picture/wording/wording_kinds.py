"""The kinds of wordings: one for each way that a figure is put into a sentence.

- `CountedThings`: a number of things. "In {place} in {period}, agencies reported {n} {things}".
- `PerHundred`: a ratio. "Of 100 {of} in {place} in {period}, {n} {are}"; `per`: the figure is no
  part of a whole: "For every 100 …, there were {n} {are}".
- `ForEach`: money for each of something. "For each {of} …, agencies received {n} {are}".
- `UpTo`: a quantile. "{Half} of {of} …, {are} at most {n} {unit}".

A slot in braces is a row of `exchange.core.picture.wording.phrases.PHRASES`; it is empty where a
figure lacks the dimension.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CountedThings:
    """`reported`: agencies reported them; else there were so many of them."""

    things: str
    reported: bool = True


@dataclass(frozen=True, slots=True)
class PerHundred:
    """`title`: the heading. `per`: not a part of a whole."""

    title: str
    of: str
    are: str
    per: bool = False


@dataclass(frozen=True, slots=True)
class ForEach:
    """`are`: what is received for each."""

    title: str
    of: str
    are: str


@dataclass(frozen=True, slots=True)
class UpTo:
    """`are`: what they did at most so many `unit`. `open_from`: where the last band begins."""

    title: str
    of: str
    are: str
    unit: str
    open_from: int


Wording = CountedThings | PerHundred | ForEach | UpTo
