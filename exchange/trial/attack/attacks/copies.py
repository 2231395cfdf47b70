"""Many looks at one release: two subscriptions, replays, restarts and kills while it is drawn.

The attacker keeps every value that was ever public. For each count of the tables of cases, it
takes the mean of all different values. The lane is killed again and again. Before its transaction,
a draw is lost that nobody has seen; after it, the committed draw is published again unchanged. Then
two subscribers read the topic. If one draw is public, the mean has the variance of one draw.
`ratio` is the variance found, divided by the variance published.

Naive release: a lane that publishes its draw first and records this afterwards, so that each kill
in between shows another draw. A lane that draws for each reader would be the same.
"""

from collections.abc import Iterable
from statistics import mean
from typing import Final

from exchange.core.model.epochs import epoch_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.trial.attack.attacks.paths import PLANS_OF_CASES, YEAR, Squares
from exchange.trial.attack.release_in_memory import MemoryReleaseLane, noise_of
from exchange.trial.attack.weakened_noise import Sampler, Setting
from exchange.wire.public_records import decode_release

KILLS: Final = 4
"""Kills of each epoch before its transaction, and as many after it."""
MONTHS: Final = 12
READERS: Final = 2


def noised(setting: Setting, years: int) -> Squares:
    """Attack so many years of a lane that commits before it publishes."""
    return _looks(setting, years, first_publishes=False)


def naive(years: int) -> Squares:
    """Attack so many years of a lane that publishes first, with noise as large as ours."""
    return _looks(Setting.OURS, years, first_publishes=True)


def _looks(setting: Setting, years: int, *, first_publishes: bool) -> Squares:
    sampler, total, freedom = Sampler(setting, 1_000), 0.0, 0
    for _ in range(years):
        lane = MemoryReleaseLane(PLANS_OF_CASES)
        for month in range(MONTHS):
            public = _public(lane, epoch_of(YEAR, month + 1), sampler, first_publishes=first_publishes)
            squares = _averaged(public)
            total, freedom = total + squares.total, freedom + squares.freedom
    return Squares(total, freedom)


def _public(lane: MemoryReleaseLane, epoch: int, sampler: Sampler, *, first_publishes: bool) -> list[tuple[bytes, ...]]:
    """Every publication of an epoch, with repeats, while the lane is killed and restarted."""
    topic: list[tuple[bytes, ...]] = []
    for _ in range(KILLS):  # each of these runs ends before its transaction
        lost = lane.draw(epoch, noise_of(sampler))
        if first_publishes:
            topic.append(lost.values)
    draw = lane.draw(epoch, noise_of(sampler))
    lane.commit(draw)
    topic += [draw.values] * KILLS  # each of these ends before it has recorded the publication
    if not first_publishes:
        for values in topic:  # as evaluators do, who refuse a second draw
            lane.publish(values)
    return topic * READERS


def _averaged(public: Iterable[tuple[bytes, ...]]) -> Squares:
    """The squared errors of the means of different values; no event arrived, so all is noise."""
    total, freedom = 0.0, 0
    for values in zip(*dict.fromkeys(public), strict=True):
        releases = [decode_release(value) for value in values]
        variance = float(TABLE_COSTS[releases[0].table].variance)
        for looks in zip(*(release.counts for release in releases), strict=True):
            total += mean(n for n in looks if n is not None) ** 2 / variance
            freedom += 1
    return Squares(total, freedom)
