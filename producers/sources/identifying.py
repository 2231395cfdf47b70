"""Column names that look like something that identifies a person: such columns are never read.

The name alone decides, because nobody can see whether a value identifies a person. The kinds come
from the Safe Harbor list (45 CFR 164.514(b)(2)) and from the identity columns of HMIS and HTCDS.
The patterns match too much on purpose: a column that stays here by mistake needs a new name, a
column that leaves by mistake cannot be called back.
"""

import re
from typing import Final

KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("name", r"name|alias|initials|surname|signature"),
        ("birth date", r"birth|dob\b|^dob|age_?(in_)?years|^age$"),
        ("date", r"date|_at$|_on$|time"),
        ("address", r"address|street|city|county|zip|postal|latitude|longitude|geo|coordinates|^lat$|^lon$"),
        ("telephone or mail", r"phone|mobile|fax|mail|whatsapp|telegram|signal"),
        ("number of a person", r"ssn|social_?security|passport|visa|alien|a_?number|licen[cs]e|national_?id|tax"),
        ("number of a record", r"(^|_)(id|uuid|guid|mrn|number|no|code|key)$|record|account|member|policy|case_?no"),
        ("online trace", r"(^|_)(ip|url|uri|web|site|user|login|handle|device|mac|vin|plate)(_|$)|facebook|instagram"),
        ("body", r"photo|image|picture|finger|biometr|face|voice|tattoo|scar|dna"),
        ("free text", r"note|comment|text|narrative|description|story|remarks?|other_specify"),
        ("person", r"nationality|ethnic|race|language|religion|country|citizen|relative|employer|school"),
    )
)


def identifying(column: str) -> str:
    """The kind of identifier that a column's name looks like; empty when it looks like none."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
    name = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
    return next((kind for kind, pattern in KINDS if pattern.search(name)), "")
