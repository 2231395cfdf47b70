"""Clients, as far as they are read: an age band on a day, and a gender.

Never a name, a number or a birth date.

Rules kept: a birth date that the source calls partial may be a year off; it gives a band only where
that makes no difference. A birth date that the source calls unknown, refused or not collected is
not used at all. In an export of 2024 the gender columns are genders. In one of 2026 Sex is read as
gender only if the profile says so; otherwise a gender that is known stands. A combination of
answers without a code of its own is another gender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import AGE_BAND_YEARS, AgeBand, Gender
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading.codes import YES, Codes, read_integer
from producers.sources.hmis.reading.dates import AGE_MAX, age_on
from producers.sources.hmis.reading.layout import GENDERS_2024
from producers.sources.hmis.reading.row import ANSWERS, NOT_A_DATE, OUTSIDE_LIST, Row

GENDERS_YEAR: Final = 2024
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

    `about`: the birth date may be a year off. `unread`: what of gender and age was not read.
    """

    born: date | None
    about: bool
    no_age: AgeBand
    gender: Gender
    unread: frozenset[str] = frozenset()

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
    year: int

    def person(self, row: Row) -> Person:
        """The client of a Client row; refusals are added to the row."""
        gender = self._gender(row)
        quality = read_integer(row.text("DOBDataQuality"))
        missing = self.codes.answer_age.codes.get(-1 if quality is None else quality)
        if missing is not None:
            return Person(None, about=False, no_age=missing, gender=gender, unread=self._unread(row))
        if row.text("DOBDataQuality") and quality not in (FULL_DATE, PARTIAL_DATE):
            row.refuse("DOBDataQuality", OUTSIDE_LIST)
        born, dated = row.read_day("DOB"), row.dated("DOB")
        if born is None and dated:
            row.refuse("DOB", f"{NOT_A_DATE}; ages are read as not_known")
        no_age = AgeBand.not_known if dated else AgeBand.not_collected
        unread = self._unread(row).union({"age_band"} if row.lacks("DOB", "DOBDataQuality") else ())
        return Person(born, about=quality != FULL_DATE, no_age=no_age, gender=gender, unread=unread)

    def _unread(self, row: Row) -> frozenset[str]:
        """`gender`, if its columns are not in the file, or hold what is no answer."""
        columns = GENDERS_2024 if self.year == GENDERS_YEAR else ("Sex",)
        asked = self.year == GENDERS_YEAR or self.settings.gender_from_sex
        return frozenset() if asked and not row.lacks(*columns) else frozenset({"gender"})

    def _gender(self, row: Row) -> Gender:
        if self.year == GENDERS_YEAR:
            asked = [column for column in GENDERS_2024 if column != "GenderNone"]
            answers = frozenset(column for column in asked if row.answer(column, ANSWERS) == YES)
            if not answers:
                return row.code("GenderNone", self.codes.answer_gender)
            return GENDER_OF_ANSWERS.get(answers, Gender.another_gender)
        return row.code("Sex", self.codes.gender_of_sex) if self.settings.gender_from_sex else Gender.not_collected
