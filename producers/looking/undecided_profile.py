"""A profile for a file that is only looked at: everything in it is read, and nothing is decided."""

from exchange.core.model.vocabulary import LegalClass
from producers.profile import Profile


def undecided_profile(legal_class: LegalClass) -> Profile:
    """A profile that publishes everything that the class lets leave; its vault is never made."""
    hmis = {"all_projects_trafficking": True}
    own = {"agency": "not-decided", "state": "ca", "vault": "never-made", "legal_class": legal_class}
    return Profile.model_validate({**own, "hmis": hmis, "sheets": {"blank_consent": "publish"}})
