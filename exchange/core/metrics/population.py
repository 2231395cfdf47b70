"""How many people live in each state: a public size, for samples and for saying which cells of a release are usable."""

import re
from typing import Final

from exchange.core.model.vocabulary import UsState

_CENSUS_2020: Final = """
al 5024 ak 733 az 7152 ar 3012 ca 39538 co 5774 ct 3606 de 990 dc 690 fl 21538 ga 10712 hi 1455 id 1839 il 12813
in 6786 ia 3190 ks 2938 ky 4506 la 4658 me 1362 md 6177 ma 7030 mi 10077 mn 5706 ms 2961 mo 6155 mt 1084 ne 1962
nv 3105 nh 1378 nj 9289 nm 2118 ny 20201 nc 10439 nd 779 oh 11799 ok 3959 or 4237 pa 13003 ri 1097 sc 5118 sd 887
tn 6911 tx 29146 ut 3272 vt 643 va 8631 wa 7705 wv 1794 wi 5894 wy 577 as 50 gu 154 mp 47 pr 3286 vi 87
"""
POPULATION: Final[dict[UsState, int]] = {
    UsState(code): int(thousands) for code, thousands in re.findall(r"([a-z]+) (\d+)", _CENSUS_2020)
}
"""Residents in thousands, 2020 Census (Census Bureau, resident population of states and island areas)."""
