"""The columns of the HMIS CSV standard 2026, and why each stays here or who asks for it.

Facts of the standard as this project knows them: names of columns, and the programs whose data
standards ask for an element. A column that is in no list here is counted and never named: a name of
a column can be a value, too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Columns = Mapping[str, tuple[str, ...]]
"""File → columns."""


def _columns(**files: str) -> Columns:
    return MappingProxyType({f"{file}.csv": tuple(names.split()) for file, names in files.items()})


IDENTIFYING: Final = _columns(
    Client="FirstName MiddleName LastName NameSuffix SSN",
    Export="SourceName SourceContactFirst SourceContactLast SourceContactPhone SourceContactExtension SourceContactEmail",
    Organization="OrganizationName OrganizationCommonName",
    Project="ProjectName ProjectCommonName",
    Funder="GrantID",
    User="UserFirstName UserLastName UserPhone UserExtension UserEmail",
)
PLACES: Final = _columns(
    ProjectCoC="Geocode Address1 Address2 City State ZIP GeographyType",
    Event="LocationCrisisOrPHHousing",
    CurrentLivingSituation="LocationDetails",
    Assessment="AssessmentLocation",
    Enrollment="VAMCStation",
)
FREE_TEXT: Final = _columns(
    Exit="OtherDestination",
    Services="OtherTypeProvided MovingOnOtherType",
    Client="AdditionalRaceEthnicity",
    IncomeBenefits="OtherIncomeSourceIdentify OtherBenefitsSourceIdentify OtherInsuranceIdentify",
    AssessmentQuestions="AssessmentQuestion AssessmentAnswer",
    AssessmentResults="AssessmentResultType AssessmentResult",
)
_ALL: Final = _columns(
    Client=(
        "FirstName MiddleName LastName NameSuffix NameDataQuality SSN SSNDataQuality DOB DOBDataQuality Sex AmIndAKNative "
        "Asian BlackAfAmerican HispanicLatinao MidEastNAfrican NativeHIPacific White RaceNone AdditionalRaceEthnicity "
        "VeteranStatus Woman Man NonBinary CulturallySpecific Transgender Questioning DifferentIdentity GenderNone "
        "HispanicLatinaeo"
    ),
    Enrollment=(
        "EntryDate HouseholdID RelationshipToHoH EnrollmentCoC LivingSituation RentalSubsidyType LengthOfStay "
        "LOSUnderThreshold PreviousStreetESSH DateToStreetESSH TimesHomelessPastThreeYears MonthsHomelessPastThreeYears "
        "DisablingCondition DateOfEngagement MoveInDate"
    ),
    Exit="ExitDate Destination DestinationSubsidyType OtherDestination",
    Disabilities="InformationDate DisabilityType DisabilityResponse IndefiniteAndImpairs DataCollectionStage",
    Services="DateProvided RecordType TypeProvided OtherTypeProvided SubTypeProvided FAAmount FAStartDate FAEndDate",
    HealthAndDV="InformationDate DataCollectionStage",
    Export="SourceType SourceID SoftwareName SoftwareVersion HashStatus",
    Organization="VictimServiceProvider",
    Project=(
        "OperatingStartDate OperatingEndDate ContinuumProject ProjectType HousingType RRHSubType ResidentialAffiliation "
        "TargetPopulation HOPWAMedAssistedLivingFac PITCount"
    ),
    ProjectCoC="ProjectCoCID CoCCode Geocode Address1 Address2 City State ZIP GeographyType",
    Funder="Funder OtherFunder GrantID StartDate EndDate",
)
_INCOME: Final = (
    "InformationDate IncomeFromAnySource TotalMonthlyIncome Earned EarnedAmount Unemployment UnemploymentAmount SSI "
    "SSIAmount SSDI SSDIAmount VADisabilityService VADisabilityServiceAmount VADisabilityNonService "
    "VADisabilityNonServiceAmount PrivateDisability PrivateDisabilityAmount WorkersComp WorkersCompAmount TANF TANFAmount "
    "GA GAAmount SocSecRetirement SocSecRetirementAmount Pension PensionAmount ChildSupport ChildSupportAmount Alimony "
    "AlimonyAmount OtherIncomeSource OtherIncomeAmount OtherIncomeSourceIdentify BenefitsFromAnySource SNAP WIC "
    "TANFChildCare TANFTransportation OtherTANF OtherBenefitsSource OtherBenefitsSourceIdentify DataCollectionStage "
    "InsuranceFromAnySource Medicaid Medicare SCHIP VHAServices EmployerProvided COBRA PrivatePay StateHealthIns "
    "IndianHealthServices OtherInsurance OtherInsuranceIdentify"
)
_NO_INSURANCE: Final = (
    "NoMedicaidReason NoMedicareReason NoSCHIPReason NoVHAReason NoEmployerProvidedReason NoCOBRAReason NoPrivatePayReason "
    "NoStateHealthInsReason NoIndianHealthServicesReason"
)
_VIOLENCE: Final = "DomesticViolenceSurvivor WhenOccurred CurrentlyFleeing"
_WORK: Final = (
    "InformationDate LastGradeCompleted SchoolStatus Employed EmploymentType NotEmployedReason DataCollectionStage"
)
_LIVING: Final = (
    "InformationDate CurrentLivingSituation CLSSubsidyType VerifiedBy LeaveSituation14Days SubsequentResidence "
    "ResourcesToObtain LeaseOwn60Day MovedTwoOrMore LocationDetails"
)
_ENTRY: Final = (
    "EventDate Event ProbSolDivRRResult ReferralCaseManageAfter LocationCrisisOrPHHousing ReferralResult ResultDate"
)
_ASSESSED: Final = "AssessmentDate AssessmentLocation AssessmentType AssessmentLevel PrioritizationStatus"
EVERY_PROGRAM: Final = "every program"
PROGRAMS: Final[Mapping[str, Columns]] = MappingProxyType(
    {
        EVERY_PROGRAM: _ALL,
        "HUD Continuum of Care": _columns(
            IncomeBenefits=_INCOME,
            HealthAndDV=_VIOLENCE,
            Exit="HousingAssessment SubsidyInformation",
            Services="MovingOnOtherType",
            CurrentLivingSituation=_LIVING,
            Event=_ENTRY,
            Assessment=_ASSESSED,
            YouthEducationStatus="InformationDate CurrentSchoolAttend MostRecentEdStatus CurrentEdStatus DataCollectionStage",
        ),
        "HUD Emergency Solutions Grants": _columns(
            IncomeBenefits=_INCOME,
            HealthAndDV=_VIOLENCE,
            Exit="HousingAssessment SubsidyInformation",
            CurrentLivingSituation=_LIVING,
            Event=_ENTRY,
            Assessment=_ASSESSED,
        ),
        "HUD HOPWA": _columns(
            IncomeBenefits=f"{_INCOME} {_NO_INSURANCE} ADAP NoADAPReason RyanWhiteMedDent NoRyanWhiteReason",
            HealthAndDV=_VIOLENCE,
            Exit="HousingAssessment SubsidyInformation",
            Disabilities=(
                "TCellCountAvailable TcellCount TcellSource ViralLoadAvailable ViralLoad ViralLoadSource AntiRetroviral"
            ),
        ),
        "runaway and homeless youth programs": _columns(
            Enrollment=(
                "ReferralSource CountOutreachReferralApproaches DateOfBCPStatus EligibleForRHY ReasonNoServices RunawayYouth "
                "FormerWardChildWelfare ChildWelfareYears ChildWelfareMonths FormerWardJuvenileJustice JuvenileJusticeYears "
                "JuvenileJusticeMonths UnemploymentFam MentalHealthDisorderFam PhysicalDisabilityFam "
                "AlcoholDrugUseDisorderFam InsufficientIncome IncarceratedParent"
            ),
            Exit=(
                "ProjectCompletionStatus EarlyExitReason ExchangeForSex ExchangeForSexPastThreeMonths CountOfExchangeForSex "
                "AskedOrForcedToExchangeForSex AskedOrForcedToExchangeForSexPastThreeMonths WorkplaceViolenceThreats "
                "WorkplacePromiseDifference CoercedToContinueWork LaborExploitPastThreeMonths CounselingReceived "
                "IndividualCounseling FamilyCounseling GroupCounseling SessionCountAtExit PostExitCounselingPlan "
                "SessionsInPlan DestinationSafeClient DestinationSafeWorker PosAdultConnections PosPeerConnections "
                "PosCommunityConnections AftercareDate AftercareProvided EmailSocialMedia Telephone InPersonIndividual "
                "InPersonGroup"
            ),
            HealthAndDV="GeneralHealthStatus DentalHealthStatus MentalHealthStatus PregnancyStatus DueDate",
            EmploymentEducation=_WORK,
            IncomeBenefits=_INCOME,
            CurrentLivingSituation=_LIVING,
        ),
        "PATH": _columns(
            Enrollment="DateOfPATHStatus ClientEnrolledInPATH ReasonNotEnrolled",
            IncomeBenefits=f"{_INCOME} ConnectionWithSOAR",
            Services="ReferralOutcome",
            CurrentLivingSituation=_LIVING,
        ),
        "Veterans Affairs, and HUD-VASH": _columns(
            Client=(
                "YearEnteredService YearSeparated WorldWarII KoreanWar VietnamWar DesertStorm AfghanistanOEF IraqOIF IraqOND "
                "OtherTheater MilitaryBranch DischargeStatus"
            ),
            Enrollment=(
                "PercentAMI VAMCStation TargetScreenReqd TimeToHousingLoss AnnualPercentAMI LiteralHomelessHistory "
                "ClientLeaseholder HOHLeaseholder SubsidyAtRisk EvictionHistory CriminalRecord IncarceratedAdult "
                "PrisonDischarge SexOffender DisabledHoH CurrentPregnant SingleParent DependentUnder6 HH5Plus CoCPrioritized "
                "HPScreeningScore ThresholdScore MentalHealthConsultation"
            ),
            Exit="CMExitReason",
            HealthAndDV=_VIOLENCE,
            IncomeBenefits=f"{_INCOME} ConnectionWithSOAR",
            EmploymentEducation=_WORK,
        ),
    }
)
"""Program → the columns that its data standards ask for."""
FUNDED: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "HUD Continuum of Care": (1, 2, 3, 4, 5, 6, 7, 12, 43, 44, 49, 50, 51, 52, 54, 55, 56),
        "HUD Emergency Solutions Grants": (8, 9, 10, 11, 47, 53),
        "HUD HOPWA": (13, 14, 15, 16, 17, 18, 19, 48),
        "runaway and homeless youth programs": (22, 23, 24, 25, 26),
        "PATH": (21,),
        "Veterans Affairs, and HUD-VASH": (20, 27, 30, 32, 33, 37, 38, 39, 40, 41, 42, 45),
    }
)
"""Program → the codes of Funder.csv (2.06.1) by which it pays."""
NO_STANDARD: Final = (34, 35, 36, 46)
"""Codes of funders that have no data standards in HMIS: unfunded, and other or local sources."""
ADMINISTRATIVE: Final = frozenset({"DateCreated", "DateUpdated", "DateDeleted", "UserID", "ExportID"})
"""In every file; HMIS itself writes them."""


def known(file: str) -> frozenset[str]:
    """All columns of a file that are named here."""
    lists = (IDENTIFYING, PLACES, FREE_TEXT, *PROGRAMS.values())
    return frozenset(column for columns in lists for column in columns.get(file, ())) | ADMINISTRATIVE
