"""Every rule, in one table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from producers.checks.check_rule import CheckRule
from producers.checks.rules.export_rules import EXPORT_RULES
from producers.checks.rules.general_rules import GENERAL_RULES
from producers.checks.rules.sense_rules import SENSE_RULES
from producers.checks.rules.value_rules import VALUE_RULES

RULES: Final[tuple[CheckRule, ...]] = (*EXPORT_RULES, *VALUE_RULES, *SENSE_RULES, *GENERAL_RULES)
BY_ID: Final[Mapping[str, CheckRule]] = MappingProxyType({one.id: one for one in RULES})
CHANGES: Final[Mapping[str, str]] = MappingProxyType({"1": "the first rules"})
"""Version of the rules → what changed in it."""
