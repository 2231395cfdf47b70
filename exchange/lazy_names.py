"""Public names of a package that load their module when they are first used.

    if TYPE_CHECKING:
        from producers.edge import Edge
    else:
        __getattr__, __dir__ = lazy_names(__name__, ["Edge"], ["producers.edge"])

The package keeps the list of its names in `__all__` and imports each once under TYPE_CHECKING, for
type checkers. Tests hold the two lists together.
"""

import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module


def lazy_names(
    package: str, names: Collection[str], homes: Sequence[str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose `names` are defined in the modules `homes`.

    A name comes from the first home that has it. `__getattr__` raises AttributeError for any name
    but these.
    """

    def get(name: str) -> object:
        if name in names:
            for home in homes:
                found = getattr(import_module(home), name, None)
                if found is not None:
                    setattr(sys.modules[package], name, found)
                    return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names_of_package() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return get, names_of_package
