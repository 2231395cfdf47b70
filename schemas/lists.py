"""Reads the code lists of `schemas/vocabulary`: the one reader of this package data."""

import csv
import io
from importlib.resources import files

NOT_ENUMS = {"missing_reason", "needs_assessment_figure", "practice", "research_topic"}


def read_list(name: str) -> list[dict[str, str]]:
    """The rows of one code list, in file order; every column a string."""
    text = files("schemas").joinpath("vocabulary", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def list_names() -> list[str]:
    """The names of all code lists that are enums, sorted."""
    folder = files("schemas").joinpath("vocabulary")
    names = sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv"))
    return [name for name in names if name not in NOT_ENUMS]


def symbols(name: str) -> list[str]:
    """A list's codes in order, then the `missing_reason` codes that it lacks.

    Fewer than 64, or an index would need two bytes. Raises ValueError otherwise.
    """
    codes = [row["code"] for row in read_list(name)]
    codes += [row["code"] for row in read_list("missing_reason") if row["code"] not in codes]
    if len(codes) >= 64 or len(set(codes)) != len(codes):
        raise ValueError(f"{name}: {len(codes)} symbols, at most 63 and each once")
    return codes
