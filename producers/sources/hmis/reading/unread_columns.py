"""Columns of the HMIS layout that are never read, by the reason, for `exchange edge look`.

This list admits nothing: the columns that are read are in `layout`, and no others get past the
parser. It only gives names to those that stay. A column that stands in neither list is counted and
not named, because a damaged header may hold anything.
"""

from collections.abc import Mapping
from typing import Final

IDENTITY: Final = "who somebody is"
FREE_TEXT: Final = "free text"
PLACE: Final = "a place"
RACE: Final = "race and ethnicity"
VETERAN: Final = "military service"
NOT_ASKED: Final = "no question needs it"
KEEPING: Final = "keeping records"
OTHERS: Final = "not in HMIS, so not named"

_LISTED: Final = {
    IDENTITY: """
        FirstName MiddleName LastName NameSuffix NameDataQuality SSN SSNDataQuality
        OrganizationName OrganizationCommonName ProjectName ProjectCommonName GrantID SourceID
        SourceName SourceContactFirst SourceContactLast SourceContactPhone
        SourceContactExtension SourceContactEmail
    """,
    FREE_TEXT: """
        OtherDestination OtherTypeProvided MovingOnOtherType AdditionalRaceEthnicity
        DifferentIdentityText SexualOrientationOther PreferredLanguageDifferent VAMCStation
    """,
    PLACE: """
        Geocode Address1 Address2 City State ZIP GeographyType LocationCrisisOrPHHousing
    """,
    RACE: """
        AmIndAKNative Asian BlackAfAmerican HispanicLatinao HispanicLatinaeo MidEastNAfrican
        NativeHIPacific White RaceNone
    """,
    VETERAN: """
        VeteranStatus YearEnteredService YearSeparated WorldWarII KoreanWar VietnamWar
        DesertStorm AfghanistanOEF IraqOIF IraqOND OtherTheater MilitaryBranch DischargeStatus
    """,
    NOT_ASKED: """
        OperatingStartDate OperatingEndDate ContinuumProject HousingType RRHSubType
        ResidentialAffiliation HOPWAMedAssistedLivingFac PITCount RentalSubsidyType LengthOfStay
        LOSUnderThreshold PreviousStreetESSH DateToStreetESSH TimesHomelessPastThreeYears
        MonthsHomelessPastThreeYears DisablingCondition DateOfEngagement DateOfPATHStatus
        ClientEnrolledInPATH ReasonNotEnrolled PercentAMI CountOutreachReferralApproaches
        DateOfBCPStatus EligibleForRHY ReasonNoServices RunawayYouth SexualOrientation
        FormerWardChildWelfare ChildWelfareYears ChildWelfareMonths FormerWardJuvenileJustice
        JuvenileJusticeYears JuvenileJusticeMonths UnemploymentFam MentalHealthDisorderFam
        PhysicalDisabilityFam AlcoholDrugUseDisorderFam InsufficientIncome IncarceratedParent
        TargetScreenReqd TimeToHousingLoss AnnualPercentAMI LiteralHomelessHistory
        ClientLeaseholder HOHLeaseholder SubsidyAtRisk EvictionHistory CriminalRecord
        IncarceratedAdult PrisonDischarge SexOffender DisabledHoH CurrentPregnant SingleParent
        DependentUnder6 HH5Plus CoCPrioritized HPScreeningScore ThresholdScore TranslationNeeded
        PreferredLanguage MentalHealthConsultation DestinationSubsidyType HousingAssessment
        SubsidyInformation IndividualCounseling FamilyCounseling GroupCounseling
        PostExitCounselingPlan SessionsInPlan AftercareDate AftercareProvided EmailSocialMedia
        Telephone InPersonIndividual InPersonGroup CMExitReason FAStartDate FAEndDate
        DomesticViolenceSurvivor WhenOccurred CurrentlyFleeing DueDate
    """,
    KEEPING: """
        ExportID UserID DateCreated ProjectCoCID SourceType SoftwareName SoftwareVersion
        HashStatus
    """,
}
UNREAD: Final[Mapping[str, tuple[str, ...]]] = {why: tuple(names.split()) for why, names in _LISTED.items()}
"""Why → the columns, as the HMIS layouts of 2024 and 2026 spell them; the gravest reason first."""
