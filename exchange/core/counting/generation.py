"""The counting code as a short text: the generation of `aggregates` that it may write.

Rules kept: the fingerprint covers everything that decides which cell an event adds to: every table
with the group of every code, whether tallies feed it, every body with its fields, and
`FOLD_VERSION`, which is raised by hand when `increments` itself changes its meaning. So new code
counts into a topic of its own, from offset 0, and readers change over when they are started with
that code.
"""

from dataclasses import fields
from hashlib import sha256
from typing import Final

from exchange.core.counting.cells import grouped
from exchange.core.counting.tables import TABLES, Dimension, Table, field_type
from exchange.core.model.events import BODIES

FOLD_VERSION: Final = 1


def _table_text(table: Table) -> str:
    axes = (f"{d.field}>{d.group}={_codes_text(table, d)}" for d in table.dimensions)
    return " ".join((table.name, table.body.__name__, table.scope.value, table.measure, str(table.tally), *axes))


def _codes_text(table: Table, dimension: Dimension) -> str:
    return ",".join(
        f"{code.value}:{grouped(dimension, code.value)}" for code in field_type(table.body, dimension.field)
    )


def fingerprint() -> str:
    """Twelve hexadecimal digits, equal exactly if the tables and bodies are."""
    bodies = (f"{body.__name__}({','.join(f.name for f in fields(body))})" for body in BODIES)
    text = "\n".join((str(FOLD_VERSION), *bodies, *map(_table_text, TABLES)))
    return sha256(text.encode("ascii")).hexdigest()[:12]


GENERATION: Final = fingerprint()
