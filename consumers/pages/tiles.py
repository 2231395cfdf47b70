"""Where each state's tile stands in the map: (column, row), each state once, all of one size."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ROWS: Final = """
ak .. .. .. .. .. .. .. .. .. .. me
.. .. .. .. .. .. .. .. .. .. vt nh
.. wa id mt nd mn il wi mi ny ri ma
.. or nv wy sd ia in oh pa nj ct ..
.. ca ut co ne mo ky wv va md de ..
.. .. az nm ks ar tn nc sc dc .. ..
.. .. .. .. ok la ms al ga .. .. ..
hi .. .. .. tx .. .. .. .. fl .. ..
as gu mp .. .. .. .. .. .. .. pr vi
"""
PLACES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        code: (column, row)
        for row, line in enumerate(_ROWS.split("\n")[1:])
        for column, code in enumerate(line.split())
        if code != ".."
    }
)
