"""Known holes of Kafka's brokers and of the libraries that the exchange installs, as a table.

Rules kept: a row is entered only from a published advisory that names the versions. Rows are about
what the exchange runs: holes of Java clients, Connect, MirrorMaker and Streams are left out, and
holes of archives that a broker does not use. Whoever reviews the table sets `REVIEWED`, also if
nothing changed; a table that was not reviewed for `REVIEW_DAYS` is itself a warning.

Not promised: that the table is complete. Holes of Java, of the system and of a vendor's own Kafka
are not in it, nor patches that a vendor put into an older version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from exchange.engine.kafka.cluster.versions import Version, VersionRange, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REVIEWED: Final = date(2026, 11, 30)
"""The day on which somebody last compared the table with the advisories."""
REVIEW_DAYS: Final = 180
SAFE: Final = "4.2.2, 4.3.2 or 4.4.0, or newer"
"""The versions without any hole of the table, for people."""


class Harm(StrEnum):
    """What a hole lets somebody do."""

    OPENS = "opens"
    """Read, forge or bypass rights."""
    STOPS = "stops"
    """Stop brokers. Nothing leaks, and nothing is lost or counted twice."""


class Affected(StrEnum):
    """Whether a hole is in a version of which only the span is known."""

    YES = "yes"
    POSSIBLY = "possibly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Hole:
    """A known hole.

    `ranges`: the first version with it, and the first one without. `means`: one sentence for an
    operator of an exchange.
    """

    name: str
    ranges: tuple[tuple[Version, Version], ...]
    harm: Harm
    means: str
    source: str

    def affects(self, span: VersionRange) -> Affected:
        """Whether it is in every version of the span, in some, or in none."""
        met = [(first, fixed) for first, fixed in self.ranges if span.first < fixed and _before(first, span.end)]
        if not met:
            return Affected.NO
        whole = any(first <= span.first and span.end is not None and span.end <= fixed for first, fixed in met)
        return Affected.YES if whole else Affected.POSSIBLY


def _before(first: Version, end: Version | None) -> bool:
    return end is None or first < end


def _ranges(*pairs: tuple[str, str]) -> tuple[tuple[Version, Version], ...]:
    return tuple((parse_version(first), parse_version(fixed)) for first, fixed in pairs)


ADVISORIES: Final = "kafka.apache.org, community, CVE list"
RECORD: Final = "CVE record of the Apache Software Foundation, 2026-10-28"

KAFKA: Final[Sequence[Hole]] = (
    Hole(
        "CVE-2026-111115",
        _ranges(("2.4.0", "4.2.2"), ("4.3.0", "4.3.2")),
        Harm.STOPS,
        "whoever reaches a listener can exhaust a broker's memory without signing in",
        RECORD,
    ),
    Hole(
        "CVE-2026-111108",
        _ranges(("3.3.0", "4.2.2")),
        Harm.STOPS,
        "a client can exhaust a broker's memory with a malformed request",
        RECORD,
    ),
    Hole(
        "CVE-2026-111073",
        _ranges(("0.0.0", "4.2.2"), ("4.3.0", "4.3.1")),
        Harm.STOPS,
        "an agency or any other user can exhaust a broker's memory with a small report of client metrics",
        "osv.dev, UBUNTU-CVE-2026-111073; it names the versions that are fixed",
    ),
    Hole(
        "CVE-2026-83525",
        _ranges(("2.8.0", "4.2.2"), ("4.3.0", "4.3.2")),
        Harm.STOPS,
        "a user with the right ClusterAction, which the exchange gives to nobody, can stop a controller",
        "suse.com, CVE-2026-83525",
    ),
    Hole(
        "CVE-2026-33557",
        _ranges(("4.1.0", "4.1.2")),
        Harm.OPENS,
        "where OAUTHBEARER is enabled, anybody can sign in as any user",
        ADVISORIES,
    ),
    Hole(
        "CVE-2026-33558",
        _ranges(("0.11.0", "3.9.2"), ("4.0.0", "4.0.1")),
        Harm.OPENS,
        "a broker that logs at DEBUG writes passwords into its log",
        ADVISORIES,
    ),
    Hole(
        "CVE-2025-66566",
        _ranges(("0.0.0", "3.9.2"), ("4.0.0", "4.0.2"), ("4.1.0", "4.1.2")),
        Harm.OPENS,
        "where lz4 runs without its native library, a crafted batch reads memory of the broker that unpacks it",
        "tenable.com, CVE-2025-66566 (lz4-java before 1.10.1); which version brings which, from its pom",
    ),
    Hole(
        "CVE-2025-27818",
        _ranges(("2.3.0", "3.9.1")),
        Harm.OPENS,
        "whoever may alter the cluster's settings can run code on a broker",
        ADVISORIES,
    ),
    Hole(
        "CVE-2025-27819",
        _ranges(("2.0.0", "3.4.0")),
        Harm.OPENS,
        "whoever may alter the cluster's settings can run code on a broker",
        ADVISORIES,
    ),
    Hole(
        "CVE-2024-56128",
        _ranges(("0.10.2", "3.7.2"), ("3.8.0", "3.8.1")),
        Harm.OPENS,
        "where SCRAM is used without TLS, a sign-in that was overheard can be replayed",
        ADVISORIES,
    ),
    Hole(
        "CVE-2024-27309",
        _ranges(("3.5.0", "3.6.2")),
        Harm.OPENS,
        "rights may not be enforced while a cluster moves from ZooKeeper to KRaft",
        ADVISORIES,
    ),
    Hole(
        "CVE-2023-34455",
        _ranges(("0.8.0", "3.5.1")),
        Harm.STOPS,
        "a user who may write a topic can exhaust a broker's memory with a crafted snappy batch",
        ADVISORIES,
    ),
)
"""Holes of brokers, the newest first."""

LIBRARIES: Final[Mapping[str, Sequence[Hole]]] = {
    "cryptography": (
        Hole(
            "CVE-2026-69247",
            _ranges(("44.0.0", "50.0.0")),
            Harm.OPENS,
            "decrypting PKCS#7 tells an attacker about the key; the exchange decrypts none, other programs here may",
            "GHSA-g6cj-pr64-35w5",
        ),
    ),
    "aiohttp": (
        Hole(
            "PYSEC-2026-4371",
            _ranges(("0.0.0", "3.14.4")),
            Harm.OPENS,
            "a web server on it can be made to misread requests; the exchange opens no port, other programs here may",
            "osv.dev, PYSEC-2026-4371",
        ),
    ),
    "aiokafka": (),
}
"""A library's name on the package index → its holes."""
PYTHON_ENDS: Final[Mapping[tuple[int, int], date]] = {
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}
"""The supported Pythons, and when the security fixes of each end (PEPs 664, 693, 719, 745)."""
