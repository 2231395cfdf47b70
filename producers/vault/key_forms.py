"""When two keys are spellings of one: what a spreadsheet or a changed export does to keys.

Excel writes `5001` as `5001.0`, takes the zeros from `00123` and puts an apostrophe before it;
other tools change the case, drop the braces and hyphens of a GUID, or add spaces. `form_of` undoes
this. Keys with one form are alike, but nobody can know whether they mean one record: alike keys
lead to a question, or to the stricter side, never to a conclusion.

Not promised: keys that were made anew, hashed, cut, or turned into `1.2E+10` are not recognised.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_GUID: Final = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?")
_DECIMALS: Final = re.compile(r"(?<![0-9.])([0-9]+)\.0+(?![0-9.])")
_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
_APART: Final = re.compile(r"[\s'\"`]+")


@lru_cache(maxsize=1 << 16)
def form_of(key: str) -> str:
    """The form that all spellings of a key share."""
    form = _APART.sub("", unicodedata.normalize("NFKC", key).casefold())
    return _ZEROS.sub("", _DECIMALS.sub(r"\1", _GUID.sub(r"\1\2\3\4\5", form)))
