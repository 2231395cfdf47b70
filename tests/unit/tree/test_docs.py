"""The docs match the code: derived parts are current, names exist, every field has its reason."""

import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
import typer.main

from exchange.cli import app
from exchange.core.counting.tables import BY_NAME
from exchange.core.model.events import BODIES, About
from schemas.lists import read_list
from tools.derive.docs import PARTS, ROOT, DocsError, derived, markdown_files, questions_of_field, write
from tools.derive.purposes import (
    ANSWERS,
    BESIDE,
    DENOMINATORS,
    WHY,
    ReasonMissing,
    purpose_of,
    questions_of,
    reason_of,
)

FILES = [*markdown_files(), ROOT / "CHANGELOG.md"]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HAND_WRITTEN = {
    path: re.sub(r"<!-- derived: (\w+) -->.*?<!-- end: \1 -->", "", path.read_text(), flags=re.DOTALL) for path in FILES
}
PACKAGES = ("exchange", "consumers", "producers", "schemas", "tests", "docs", "deploy")
WORDS_OF_A_PAGE = 650
LINES_OF_A_PAGE = 145  # of 100 columns; a table or a diagram may be wider
COLUMNS = 100


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def anchors(path: Path) -> set[str]:
    """As GitHub makes them: lower case, no punctuation but - and _, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Derived parts


@pytest.mark.parametrize("path", FILES, ids=named)
def test_derived_parts_are_what_the_code_has(path: Path) -> None:
    assert path.read_text() == derived(path.read_text()), "run `python -m tools.derive.docs`"


def test_every_part_is_shown_in_one_place() -> None:
    shown = re.findall(r"<!-- derived: (\w+) -->", "".join(path.read_text() for path in FILES))
    assert sorted(shown) == sorted(PARTS)


def test_deriving_replaces_a_part_and_nothing_else() -> None:
    text = "before\n<!-- derived: topics -->\nstale\n<!-- end: topics -->\nafter\n"
    fresh = derived(text)
    assert fresh.startswith("before\n<!-- derived: topics -->\n| topic |")
    assert fresh.endswith("\n<!-- end: topics -->\nafter\n")
    assert "stale" not in fresh
    assert derived(fresh) == fresh


@pytest.mark.parametrize(
    "text",
    [
        "<!-- derived: topics -->\nno end\n",
        "<!-- end: topics -->\n",
        "<!-- derived: unheard_of -->\n<!-- end: unheard_of -->\n",
    ],
)
def test_a_mark_that_does_not_fit_is_an_error(text: str) -> None:
    with pytest.raises(DocsError):
        derived(text)


def test_writing_touches_only_files_that_are_out_of_date(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    plain, dated = tmp_path / "README.md", tmp_path / "docs" / "TOPICS.md"
    plain.write_text("by hand\n")
    dated.write_text("<!-- derived: topics -->\n<!-- end: topics -->\n")
    assert write(tmp_path) == [dated]
    assert write(tmp_path) == []
    assert plain.read_text() == "by hand\n"


# What the docs name


def links() -> Iterator[tuple[Path, str]]:
    for path in FILES:
        yield from ((path, target) for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text()))


def test_every_link_leads_somewhere() -> None:
    broken = []
    for path, target in set(links()):
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(f"{named(path)}: {target}")
    assert broken == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_path_that_the_docs_name_exists(path: Path) -> None:
    said = {span for span in code_spans(HAND_WRITTEN[path]) if span.split("/")[0] in PACKAGES and "/" in span}
    assert [span for span in sorted(said) if not (ROOT / span).exists()] == []


def is_command(words: list[str]) -> bool:
    """Whether these words lead from `exchange` to a command, up to the command's own arguments."""
    there: object = typer.main.get_command(app)
    for word in words:
        known = getattr(there, "commands", None)
        if known is None or not re.fullmatch(r"[a-z-]+", word):
            break
        if word not in known:
            return False
        there = known[word]
    return True


def test_commands_are_distinguished_from_words_that_are_none() -> None:
    assert is_command(["topics", "apply"])
    assert is_command(["worker", "anything"])
    assert not is_command(["topics", "destroy"])
    assert not is_command(["nonsense"])


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_command_that_the_docs_name_exists(path: Path) -> None:
    spans = code_spans(path.read_text())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert [span for span in spans if span.startswith("exchange ") and not is_command(span.split()[1:])] == []
    assert [span for span in spans if span.startswith("make ") and span.split()[1] not in targets] == []
    modules = [span.split()[2] for span in spans if span.startswith("python -m ")]
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_people_are_persons_or_clients_unless_a_source_is_quoted(path: Path) -> None:
    ours = re.sub(r'`[^`\n]*`|"[^"]*"', "", HAND_WRITTEN[path])
    assert re.findall(r"\bvictims?\b", ours, re.IGNORECASE) == []


# Form


PROGRAM = re.compile(r"(?<![\w.-])exchange ([a-z-]+(?: [a-z-]+)?)")
BEFORE = re.compile(r"\s*(sudo -u \S+ )?(\S*/)?")


def strays(line: str) -> list[str]:
    """The commands of ours in a line of a code block that do not begin it, its comment aside."""
    code = re.split(r"(?:^|\s)#", line)[0]
    found = [one for one in PROGRAM.finditer(code) if is_command(one[1].split())]
    return [one[1] for one in found if not BEFORE.fullmatch(code[: one.start()])]


def code_lines(path: Path) -> list[str]:
    """The lines of indented blocks, and of blocks for a shell."""
    text = path.read_text()
    fenced = re.findall(r"^( *)```sh\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    return [*re.findall(r"^    .+$", text, re.MULTILINE), *"".join(block for _, block in fenced).splitlines()]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_code_block_has_one_command_a_line(path: Path) -> None:
    assert [line for line in code_lines(path) if strays(line)] == []


@pytest.mark.parametrize(
    "line",
    ["    stays; every event exchange publish export.zip", "    leaves exchange edge hold --retract   # and more"],
)
def test_two_commands_that_ran_together_are_found_out(line: str) -> None:
    assert strays(line)
    assert not strays(line[line.index("exchange") :])


def prose(path: Path) -> Iterator[str]:
    """The lines by hand that are neither in a table nor code."""
    for line in re.sub(r"^( *)```.*?^\1```", "", HAND_WRITTEN[path], flags=re.DOTALL | re.MULTILINE).splitlines():
        if not line.lstrip().startswith("|") and not line.startswith("    "):
            yield line


@pytest.mark.parametrize("path", FILES, ids=named)
def test_prose_is_wrapped(path: Path) -> None:
    assert [line for line in prose(path) if len(line) > COLUMNS] == []


def test_the_architecture_fits_on_a_page() -> None:
    assert len((ROOT / "docs" / "ARCHITECTURE.md").read_text().splitlines()) <= LINES_OF_A_PAGE


def test_decision_records_are_numbered_once_each() -> None:
    numbers = [int(path.name[:4]) for path in ADRS]
    assert all(one < other for one, other in pairwise(numbers))


@pytest.mark.parametrize("path", ADRS, ids=named)
def test_a_decision_record_is_a_page_of_context_decision_and_consequences(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings[:3] == ["Context", "Decision", "Consequences"]
    assert any(line.startswith("Status: ") for line in lines[:4])
    assert len(HAND_WRITTEN[path].split()) <= WORDS_OF_A_PAGE


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


def test_the_numbers_in_the_changelog_of_what_is_unreleased_are_those_of_the_code() -> None:
    """Past versions keep their numbers: a changelog of past facts never changes."""
    unreleased = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1]
    assert unreleased.startswith("[Unreleased]")
    assert f"{len(BODIES)} bodies" in unreleased
    assert f"{len(BY_NAME)} tables" in unreleased


# Evidence

FIGURES = {row["code"]: row["event_kind"] for row in read_list("needs_assessment_figure")}
TOPICS = {row["code"]: row["evidence_events"] for row in read_list("research_topic")}
QUESTIONS = FIGURES | TOPICS


def test_every_table_answers_a_question_or_names_what_it_is_for() -> None:
    assert sorted([*ANSWERS, *BESIDE]) == sorted(BY_NAME)


def test_tables_answer_questions_that_there_are() -> None:
    assert {question for name in ANSWERS for question in questions_of(name)} <= set(QUESTIONS)


def test_every_computable_question_has_a_table() -> None:
    never = {
        row["code"] for row in read_list("needs_assessment_figure") if row["live_measure"].startswith("Not computable")
    }
    never |= {code for code, kind in FIGURES.items() if kind == "none"}
    answered = {question for name in ANSWERS for question in questions_of(name)}
    assert answered == set(QUESTIONS) - never


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_table_counts_a_body_that_its_question_names(name: str) -> None:
    body = BY_NAME[name].body
    if name in DENOMINATORS or body.about is About.EXCHANGE:
        return
    for question in questions_of(name):
        assert snake(body.__name__) in QUESTIONS[question].split("; "), question


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_field_has_its_reason(body: type) -> None:
    assert list(WHY[body.__name__]) == [field.name for field in fields(body)]
    assert all(WHY[body.__name__].values())


def test_a_missing_reason_is_named_with_the_file_that_lacks_it() -> None:
    with pytest.raises(ReasonMissing, match=r"CaseOpened\.height .* WHY in tools/derive/purposes\.py"):
        reason_of("CaseOpened", "height")
    with pytest.raises(ReasonMissing, match=r"NewBody\.field .* WHY in tools/derive/purposes\.py"):
        reason_of("NewBody", "field")
    with pytest.raises(ReasonMissing, match=r"cases_by_height .* BESIDE .* tools/derive/purposes\.py"):
        purpose_of("cases_by_height")


def test_no_reason_is_given_for_a_body_that_is_not_there() -> None:
    assert list(WHY) == [body.__name__ for body in BODIES]


def test_a_field_serves_what_its_tables_answer() -> None:
    served = {
        question for body in BODIES for field in fields(body) for question in questions_of_field(body, field.name)
    }
    by_nothing = {question for name in DENOMINATORS for question in questions_of(name)}
    assert served | by_nothing == {question for name in ANSWERS for question in questions_of(name)}
