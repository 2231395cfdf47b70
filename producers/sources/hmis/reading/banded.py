"""Numbers as bands, which leave instead of days, dollars and sessions."""

import re
from datetime import date
from typing import Final

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import (
    COST_BAND_USD,
    DURATION_BAND_DAYS,
    UNIT_BAND_UNITS,
    WAIT_BAND_DAYS,
    CostBand,
    DurationBand,
    UnitBand,
    WaitBand,
)

_DOLLARS: Final = re.compile(r"([0-9]{1,9})(?:\.[0-9]*)?|\.[0-9]+")


def wait_band(since: date, until: date) -> WaitBand:
    """The band of the days between; `not_known` when they run backwards."""
    band = band_of(WAIT_BAND_DAYS, (until - since).days)
    return WaitBand(band) if band else WaitBand.not_known


def duration_band(since: date, until: date) -> DurationBand:
    """The band of the days between; `not_known` when they run backwards."""
    band = band_of(DURATION_BAND_DAYS, (until - since).days)
    return DurationBand(band) if band else DurationBand.not_known


def unit_band(units: int | None) -> UnitBand:
    """The band of a number of units; `not_collected` for none."""
    band = band_of(UNIT_BAND_UNITS, units) if units else None
    return UnitBand(band) if band else UnitBand.not_collected


def cost_band(dollars: str) -> CostBand | None:
    """The band of an amount without its cents.

    `not_collected` for an empty cell, None for a text that is no amount.
    """
    if not dollars:
        return CostBand.not_collected
    match = _DOLLARS.fullmatch(dollars)
    band = band_of(COST_BAND_USD, int(match[1] or 0)) if match else None
    return CostBand(band) if band else None
