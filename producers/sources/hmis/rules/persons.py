"""Clients, as far as they are read: an age band on a day, and a gender.

Never a name, a number or a birth date.

Rules kept: a birth date that the source calls partial may be a year off; it gives a band only where
that makes no difference. A birth date that the source calls unknown, refused or not collected is
not used at all. Sex is read as gender only if the profile says so; the gender columns of 2024 are
genders. A combination of answers without a code of its own is another gender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import AGE_BAND_YEARS, AgeBand, Gender
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading.codes import Codes, read_integer
from producers.sources.hmis.reading.dates import AGE_MAX, age_on, read_date
from producers.sources.hmis.reading.layout import GENDERS_2024
from producers.sources.hmis.reading.row import NOT_A_DATE, OUTSIDE_LIST, Row

FULL_DATE, PARTIAL_DATE = 1, 2
ADULT: Final = 18
GENDER_OF_ANSWERS: Final[Mapping[frozenset[str], Gender]] = {
    frozenset({"Woman"}): Gender.woman,
    frozenset({"Man"}): Gender.man,
    frozenset({"Woman", "Transgender"}): Gender.transgender_woman,
    frozenset({"Man", "Transgender"}): Gender.transgender_man,
    frozenset({"NonBinary"}): Gender.nonbinary,
    frozenset({"NonBinary", "Transgender"}): Gender.nonbinary,
    frozenset({"Questioning"}): Gender.not_known,
}


@dataclass(frozen=True, slots=True)
class Person:
    """A client. `born`: None where `no_age` has the reason.

    `about`: the birth date may be a year off.
    """

    born: date | None
    about: bool
    no_age: AgeBand
    gender: Gender

    def _ages(self, day: date) -> list[int]:
        if self.born is None:
            return []
        age = age_on(self.born, day)
        return [age - 1, age, age + 1] if self.about else [age]

    def age_band(self, day: date) -> AgeBand:
        """The band of the client's age on a day.

        `not_known` where it could be two bands, or none.
        """
        ages = self._ages(day)
        if not ages:
            return self.no_age
        bands = {band_of(AGE_BAND_YEARS, age) if age <= AGE_MAX else None for age in ages}
        band = bands.pop()
        return AgeBand(band) if band and not bands else AgeBand.not_known

    def is_minor(self, day: date) -> bool:
        """Whether the client was certainly under 18 on a day."""
        ages = self._ages(day)
        return bool(ages) and min(ages) >= 0 and max(ages) < ADULT


@dataclass(frozen=True, slots=True)
class Clients:
    """How Client rows are read."""

    settings: HmisSettings
    codes: Codes

    def person(self, row: Row) -> Person:
        """The client of a Client row; refusals are added to the row."""
        gender = self._gender(row)
        text = row.text("DOB")
        quality = read_integer(row.text("DOBDataQuality"))
        missing = self.codes.answer_age.codes.get(-1 if quality is None else quality)
        if missing is not None:
            return Person(None, about=False, no_age=missing, gender=gender)
        if row.text("DOBDataQuality") and quality not in (FULL_DATE, PARTIAL_DATE):
            row.refuse("DOBDataQuality", OUTSIDE_LIST)
        born = read_date(text)
        if born is None and text:
            row.refuse("DOB", f"{NOT_A_DATE}; ages are not_known")
        no_age = AgeBand.not_known if text else AgeBand.not_collected
        return Person(born, about=quality != FULL_DATE, no_age=no_age, gender=gender)

    def _gender(self, row: Row) -> Gender:
        if any(column in row.cells for column in GENDERS_2024):
            answers = frozenset(column for column in GENDERS_2024 if column != "GenderNone" and row.says_yes(column))
            if not answers:
                return row.code("GenderNone", self.codes.answer_gender)
            return GENDER_OF_ANSWERS.get(answers, Gender.another_gender)
        return row.code("Sex", self.codes.gender_of_sex) if self.settings.gender_from_sex else Gender.not_collected
