"""Templates of the pages: one environment, escaping everything, refusing what is not defined.

    render(environment(PackageLoader("consumers.pages")), "section.html", section=…)

Every template sees the statuses of a figure, the addresses of static files and the way to leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from exchange.core.picture.wording.statuses import FigureStatus
from exchange.web.leaving import LEAVE_TO
from exchange.web.static_files import address


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page.

    `leave_to`: the neutral site. `sections`: (address, name) of the page's parts; `current`: the
    address of this one. `live`: whether new figures come by themselves. `notice`: what is wrong
    now, in a sentence. `preface`: what every reader must know first, such as that all is made up.
    """

    name: str
    sections: tuple[tuple[str, str], ...] = ()
    current: str = ""
    leave_to: str = LEAVE_TO
    live: bool = False
    notice: str = ""
    preface: str = ""
    root: str = ""
    """In front of every address of this site; empty: at the root of the server."""


def environment(*more: BaseLoader, **seen: Any) -> Environment:
    """The environment. `more`: where a face's own templates are. `seen`: by every template."""
    made = Environment(
        loader=ChoiceLoader([*more, PackageLoader("exchange.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.globals.update({"STATUSES": tuple(FigureStatus), "static": address, **seen})
    return made


def render(made: Environment, template: str, values: Mapping[str, object]) -> str:
    """A page. The same values give the same text. Raises UndefinedError for a missing one."""
    return made.get_template(template).render(values)
