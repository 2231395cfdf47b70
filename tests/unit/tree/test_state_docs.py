"""No topic is forgotten when state is lost, older or held open; and each answer was tried."""

from collections import Counter
from itertools import product
from pathlib import Path

from exchange.wire.topics import TOPICS
from tools.derive.docs import ROOT
from tools.derive.state_docs import ANSWERS, ELSEWHERE, Happened

FOLDER = ROOT / "tests" / "kafka" / "operations"


def test_every_topic_has_one_answer_to_every_question() -> None:
    given = Counter(pair for one in ANSWERS for pair in product(one.topics, one.happened))
    given.update(ELSEWHERE.keys())
    assert given == dict.fromkeys(product((topic.name for topic in TOPICS), Happened), 1)


def test_every_answer_was_tried_on_a_real_kafka() -> None:
    """The test's file is there and names each topic of the answer."""
    for answer in ANSWERS:
        text = "".join((FOLDER / file).read_text() for file in answer.tried_by)
        assert answer.tried_by
        for topic in answer.topics:
            assert named_in(topic, text), (topic, answer.tried_by)


def named_in(topic: str, text: str) -> bool:
    constant = {"inbox": "inbox_of", "receipts": "receipts_of", "aggregates": "aggregates_of"}.get(
        topic, topic.upper().replace("-", "_")
    )
    return constant in text


def test_its_files_are_where_kafka_is_found() -> None:
    assert all(isinstance(FOLDER / file, Path) and (FOLDER / file).is_file() for a in ANSWERS for file in a.tried_by)
