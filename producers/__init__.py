"""The agency's side: an agency's program imports from here everything that it needs to publish.

    from producers import Edge, Fact, NeedIdentified, Profile, Service, UsState, parse_period

`docs/PUBLISHING.md` shows how. A name is loaded from its module when it is first used, so that
`import producers` costs nothing; the modules below this package may change, these names stay.
"""

# ruff: noqa: F403, F405 - type checkers find the codes and the errors by a star import
from typing import TYPE_CHECKING, Final

from exchange.lazy_names import lazy_names

__all__ = [  # to publish
    "Edge",
    "Fact",
    "FactOutcome",
    "HmisProfile",
    "KafkaProfile",
    "Leaving",
    "Profile",
    "Report",
    "Secret",
    "SheetsProfile",
    "make_vault",
]
__all__ += [  # to wait for the exchange in another way, or to reach it over another link
    "Link",
    "RunOptions",
    "Unconfirmed",
    "Wait",
    "WaitLimits",
]
__all__ += [  # to read a file, or to write a source
    "ClientHeld",
    "ClientWithdrawn",
    "Complete",
    "Edition",
    "NotWhole",
    "Reading",
    "RowIgnored",
    "RowRefused",
    "Source",
    "Taken",
    "Where",
    "Withdrawn",
    "open_source",
]
__all__ += [  # periods: a quarter or a year
    "parse_period",
    "period_of",
    "period_text",
]
__all__ += [  # bodies: docs/BODIES.md says what each holds
    "ActivityHeld",
    "AgencyProfiled",
    "BarrierReported",
    "CapacityReported",
    "CaseClosed",
    "CaseOpened",
    "Correctable",
    "ExploiterObserved",
    "FactorObserved",
    "FundingReceived",
    "HealthObserved",
    "NeedIdentified",
    "NeedUnmet",
    "OutcomeAssessed",
    "PracticeShared",
    "ProviderSurveyed",
    "ReferralMade",
    "ReferralResolved",
    "ServiceProvided",
    "TraffickingFacts",
]
__all__ += [  # codes: the values of a body's fields, and a profile's
    "Activity",
    "AgeBand",
    "AgencyType",
    "AudienceBand",
    "Barrier",
    "BuyerOrBeneficiaryType",
    "ControlMethod",
    "CostBand",
    "DecisionMaker",
    "DurationBand",
    "EconomicFactor",
    "ExitDestination",
    "ExitReason",
    "ExploitationType",
    "ForeignNational",
    "FundingSource",
    "Gender",
    "HealthCondition",
    "LaborSector",
    "LegalClass",
    "OutcomeDirection",
    "OutcomeDomain",
    "PracticeUse",
    "ProtectiveFactor",
    "RecruiterRelation",
    "RecruitmentMethod",
    "ReferralResult",
    "ReferralSource",
    "ReportedBy",
    "ReportingMode",
    "ResiliencyFactor",
    "ServedElsewhere",
    "Service",
    "SexExploitationType",
    "SocietalFactor",
    "TraffickerRole",
    "TraffickerType",
    "TraffickingStatus",
    "TraffickingType",
    "UnitBand",
    "UnmetReason",
    "UsState",
    "WaitBand",
    "YearsBand",
]
__all__ += [  # errors, and the gate's reason in `Blocked`
    "Blocked",
    "ClientUnknown",
    "DatabaseChanged",
    "EdgeError",
    "ExchangeAway",
    "ExchangeError",
    "ExchangeReplaced",
    "ExchangeSilent",
    "ExchangeUnnamed",
    "Forked",
    "HoldsUnmatched",
    "InboxMissing",
    "KeyFileExists",
    "KeyFileMissing",
    "KeyUnknown",
    "MappingInvalid",
    "MappingUnsure",
    "PassphraseMissing",
    "PeriodInvalid",
    "ProfileInvalid",
    "QuarterKeptOpen",
    "QuarterNotClosable",
    "Reason",
    "RefusalsUnwritable",
    "RestoreImpossible",
    "SecretExposed",
    "SourceChanged",
    "SourceUnreadable",
    "TemplateUnwritable",
    "VaultDamaged",
    "VaultError",
    "VaultExists",
    "VaultFull",
    "VaultInUse",
    "VaultMissing",
    "VaultNotOpened",
    "VaultOfAnother",
    "VaultTooNew",
    "VaultUnwritable",
    "WithdrawalsUnconfirmed",
]

_HOMES: Final = (
    "exchange.core.model.vocabulary",
    "exchange.core.model.events",
    "exchange.core.model.period",
    "exchange.core.admission.gate",
    "exchange.core.errors",
    "producers.errors",
    "producers.facts",
    "producers.secret_files",
    "producers.profile_sections",
    "producers.profile",
    "producers.sources",
    "producers.delivery.link",
    "producers.delivery.waiting",
    "producers.delivery.preview",
    "producers.delivery.report",
    "producers.delivery.unconfirmed",
    "producers.delivery.run_options",
    "producers.vault.fact_store",
    "producers.setup",
    "producers.edge",
)
"""Where the names are defined, cheap modules first."""

if TYPE_CHECKING:
    from exchange.core.admission.reasons import Reason
    from exchange.core.errors import (
        ExchangeError,
        PeriodInvalid,
    )
    from exchange.core.model.events import (
        ActivityHeld,
        AgencyProfiled,
        BarrierReported,
        CapacityReported,
        CaseClosed,
        CaseOpened,
        Correctable,
        ExploiterObserved,
        FactorObserved,
        FundingReceived,
        HealthObserved,
        NeedIdentified,
        NeedUnmet,
        OutcomeAssessed,
        PracticeShared,
        ProviderSurveyed,
        ReferralMade,
        ReferralResolved,
        ServiceProvided,
        TraffickingFacts,
    )
    from exchange.core.model.period import (
        parse_period,
        period_of,
        period_text,
    )
    from exchange.core.model.vocabulary import *
    from producers.delivery.link import (
        Link,
    )
    from producers.delivery.preview import (
        Leaving,
    )
    from producers.delivery.report import (
        Report,
    )
    from producers.delivery.run_options import (
        RunOptions,
    )
    from producers.delivery.unconfirmed import (
        Unconfirmed,
    )
    from producers.delivery.waiting import (
        Wait,
        WaitLimits,
    )
    from producers.edge import (
        Edge,
    )
    from producers.errors import *
    from producers.facts import (
        ClientHeld,
        ClientWithdrawn,
        Complete,
        Edition,
        Fact,
        NotWhole,
        Reading,
        RowIgnored,
        RowRefused,
        Source,
        Taken,
        Where,
        Withdrawn,
    )
    from producers.profile import (
        Profile,
    )
    from producers.profile_sections import (
        HmisProfile,
        KafkaProfile,
        SheetsProfile,
    )
    from producers.secret_files import (
        Secret,
    )
    from producers.setup import (
        make_vault,
    )
    from producers.sources import (
        open_source,
    )
    from producers.vault.fact_store import (
        FactOutcome,
    )
else:
    __getattr__, __dir__ = lazy_names(__name__, __all__, _HOMES)
