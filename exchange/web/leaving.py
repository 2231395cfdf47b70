"""Where the button leads that leaves a page: somewhere that anybody may be seen to read."""

from typing import Final

LEAVE_TO: Final = "https://www.weather.gov/"
"""Unless the operator names another site."""
