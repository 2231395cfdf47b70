"""Pins the archives of Apache Kafka anew: `python -m tools.derive.broker_jars`.

Run it once after a change of `ROOTS` in `exchange/engine/broker/jars.py`, or of those of the oldest
Kafka in `tests/kits/oldest_kafka`. It asks Maven Central which archives the roots need, fetches
each, and writes each `jars.csv` with their sizes and digests.

Not promised: that the archives are the right ones. Read the difference before it is committed.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from exchange.engine.broker import jars
from exchange.engine.broker.jars import ROOTS, Jar
from tests.kits import oldest_kafka

if TYPE_CHECKING:
    from jgo.maven import MavenContext

LISTS: Final = {Path(jars.__file__).with_name("jars.csv"): ROOTS, oldest_kafka.LIST: oldest_kafka.ROOTS}
"""Each list, and the roots that it pins."""


def resolved(roots: Sequence[str], staging: Path) -> tuple[Jar, ...]:
    """Every archive that these roots need: the roots first, the others by name."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=staging)
    others = sorted(needed(roots, context) - set(roots))
    return tuple(_fetched(context, name) for name in (*roots, *others))


def needed(roots: Sequence[str], context: "MavenContext") -> set[str]:
    """The coordinates of these roots and of all that they need."""
    inputs, transitive = context.resolver.resolve([context.create_dependency(root) for root in roots])
    return {f"{one.groupId}:{one.artifactId}:{one.version}" for one in [*inputs, *transitive]}


def lines(pinned: Sequence[Jar]) -> Iterator[str]:
    """The lines of `jars.csv`."""
    yield "coordinate,bytes,sha256"
    yield from (f"{jar.coordinate},{jar.size_bytes},{jar.sha256}" for jar in pinned)


def _fetched(context: "MavenContext", coordinate: str) -> Jar:
    group, artifact, version = coordinate.split(":")
    content = context.project(group, artifact).at_version(version).artifact().resolve().read_bytes()
    return Jar(coordinate, len(content), hashlib.sha256(content).hexdigest())


def main() -> None:
    """Write the lists."""
    for path, roots in LISTS.items():
        with tempfile.TemporaryDirectory() as staging:
            path.write_text("\n".join(lines(resolved(roots, Path(staging)))) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
