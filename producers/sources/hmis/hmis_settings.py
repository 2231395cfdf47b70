"""The profile's settings for reading an HMIS export: which projects count, and how."""

from dataclasses import dataclass
from typing import Self

from exchange.core.model.vocabulary import LegalClass, UsState
from producers.errors import ProfileInvalid
from producers.profile import Profile


@dataclass(frozen=True, slots=True)
class HmisSettings:
    """How to read.

    `state`: of projects that name none. `gender_from_sex`: read Sex as gender. The clients of all
    projects (`all_projects_trafficking`), or of the listed `projects` (ProjectIDs), are clients of
    an anti-trafficking program. `everyone_is_a_case`: of a household, also those who are recorded
    as another member than its head; else only its head is a case, and the others get services
    without one. `year_only`: count by the year. `totals_only`: only totals leave, no event about a
    client; then projects of victim service providers are read too.
    """

    state: UsState
    gender_from_sex: bool = False
    all_projects_trafficking: bool = False
    projects: frozenset[str] = frozenset()
    everyone_is_a_case: bool = False
    year_only: bool = False
    totals_only: bool = False

    def __post_init__(self) -> None:
        """Raise ProfileInvalid when no project is named.

        The exchange never guesses who was trafficked.
        """
        if not (self.all_projects_trafficking or self.projects):
            raise ProfileInvalid(
                "The profile names no project for HMIS. Under [hmis], list the ProjectIDs of your anti-trafficking "
                "programs as `projects`, or write `all_projects_trafficking = true`."
            )

    @classmethod
    def from_profile(cls, profile: Profile) -> Self:
        """The settings of a profile; raises ProfileInvalid when its [hmis] names no project."""
        return cls(
            state=profile.state,
            gender_from_sex=profile.hmis.gender_from_sex,
            all_projects_trafficking=profile.hmis.all_projects_trafficking,
            projects=frozenset(profile.hmis.projects),
            everyone_is_a_case=profile.hmis.household_cases == "everyone",
            year_only=profile.legal_class is LegalClass.year_only,
            totals_only=profile.legal_class is LegalClass.tally_only,
        )

    def counts(self, project: str) -> bool:
        """Whether a project's clients are clients of an anti-trafficking program."""
        return self.all_projects_trafficking or project in self.projects
