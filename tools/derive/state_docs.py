"""What happens when a topic that holds state is lost, older or held open: a table of OPERATIONS.

Every topic of the table in `exchange.wire.topics` has an answer to every question, and every answer
names the test that tried it: `tests/unit/tree/test_state_docs.py` holds both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.wire.topics import BY_NAME
from tools.derive.markdown import table
from tools.derive.topic_docs import topic_name


class Happened(StrEnum):
    """The questions."""

    LOST = "lost"
    EMPTIED = "emptied"
    CUT_OFF = "cut off"
    OTHERS = "made again with others"
    OLDER = "put back older"
    HELD = "held open"


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """What follows, for some topics and questions, and the tests that tried it on a real Kafka."""

    topics: tuple[str, ...]
    happened: tuple[Happened, ...]
    then: str
    tried_by: tuple[str, ...]


H = Happened
PUT_BACK, CUT, CLOSING = "test_state_put_back.py", "test_state_cut_off.py", "test_state_of_closing.py"
REGISTRY, HARMLESS, OPEN = "test_state_of_registry.py", "test_state_harmless.py", "test_open_transactions.py"
HELD_READ = "test_open_transactions_elsewhere.py"
ANSWERS: Final = (
    StateAnswer(
        ("gate-state",),
        (H.LOST,),
        "refused: `StateMissing`. `exchange topics apply` does not make it empty. `exchange gate rebuild` makes it anew:"
        " exact afterwards",
        (PUT_BACK,),
    ),
    StateAnswer(
        ("gate-state",),
        (H.EMPTIED, H.CUT_OFF, H.OTHERS, H.OLDER),
        "refused: `GateStateBehind` (`GateStateDamaged` where others wrote there). Stop the workers and run `exchange gate"
        " rebuild`: exact afterwards",
        (CUT, PUT_BACK),
    ),
    StateAnswer(
        ("gate-state", "aggregates"),
        (H.HELD,),
        "nothing older is restored: a lane that starts logs `TransactionOpen` with topic, partition and offset, and tries"
        " again until the transaction has ended. Other lanes go on. Exact afterwards",
        (OPEN,),
    ),
    StateAnswer(("events",), (H.LOST,), "refused: `StateMissing`. Restore it", (PUT_BACK,)),
    StateAnswer(
        ("events",),
        (H.EMPTIED, H.CUT_OFF, H.OLDER),
        "refused: `EventsCutOff`, or by the fold `CountedOtherEvents`. Restore it",
        (CUT, PUT_BACK),
    ),
    StateAnswer(
        ("events",),
        (H.OTHERS,),
        "refused: `CountedOtherEvents`. If `events` is right, delete `aggregates.<generation>` and run `exchange topics"
        " apply`: the worker counts everything again",
        (PUT_BACK,),
    ),
    StateAnswer(
        ("events",),
        (H.HELD,),
        "the gate goes on while it runs; a gate that starts waits. Counting waits. `status` shows lag and place, the alert"
        " is `held open`, `exchange replay` says `incomplete`",
        (OPEN,),
    ),
    StateAnswer(
        ("aggregates",),
        (H.LOST, H.EMPTIED, H.OLDER),
        "harmless: the fold counts on from the position that is stored there, or from the first event. Lost: `exchange"
        " topics apply`",
        (PUT_BACK, CUT),
    ),
    StateAnswer(
        ("aggregates",),
        (H.CUT_OFF, H.OTHERS),
        "refused: `CountsDamaged`. Delete the topic and run `exchange topics apply`: everything is counted again",
        (CUT,),
    ),
    StateAnswer(
        ("agencies",),
        (H.LOST,),
        "refused: `StateMissing`. Restore it; or `exchange topics apply --anew agencies`, register every agency again, and"
        " `exchange gate rebuild`: exact afterwards",
        (PUT_BACK,),
    ),
    StateAnswer(
        ("agencies",),
        (H.EMPTIED, H.CUT_OFF, H.OLDER),
        "refused: `RegistryBehind`, because a suspension may be forgotten. Restore it; or register every agency again, and"
        " `exchange gate rebuild`",
        (REGISTRY,),
    ),
    StateAnswer(
        ("agencies",),
        (H.OTHERS,),
        "refused by name. Find out who may write it; then as when it is lost",
        (REGISTRY,),
    ),
    StateAnswer(
        ("agencies",),
        (H.HELD,),
        "refused: `TransactionOpen`, because a suspension may be hidden. End the transaction, start the worker",
        (HELD_READ,),
    ),
    StateAnswer(
        ("epochs",),
        (H.LOST,),
        "refused: `StateMissing`. Restore it; made anew, nothing is closed on it",
        (CLOSING,),
    ),
    StateAnswer(("epochs",), (H.EMPTIED, H.CUT_OFF), "harmless: commands that were handled are in `draws`", (CLOSING,)),
    StateAnswer(
        ("epochs",),
        (H.OTHERS, H.OLDER),
        "no epoch is closed: `release-0` has `failed` (`PositionOutOfRange`), and `exchange release close` refuses"
        " (`CommandsLost`). Restore it",
        (CLOSING,),
    ),
    StateAnswer(
        ("draws",),
        (H.LOST,),
        "refused: `StateMissing`. Made empty in spite of it (`--anew draws`), no epoch is closed: `DrawsDamaged`",
        (PUT_BACK,),
    ),
    StateAnswer(
        ("draws",),
        (H.EMPTIED, H.CUT_OFF, H.OTHERS),
        "no epoch is closed or published: `DrawsDamaged`. Restore it",
        (CLOSING,),
    ),
    StateAnswer(
        ("draws",),
        (H.HELD,),
        "no epoch is judged, drawn or published: `release-0` and `publisher-0` log `TransactionOpen` and try again. Each"
        " table is drawn once",
        (OPEN,),
    ),
    StateAnswer(
        ("epochs", "releases"),
        (H.HELD,),
        "commands, or new figures, wait behind the transaction. Nothing is drawn or published twice; alert `held open`",
        (HELD_READ,),
    ),
    StateAnswer(
        ("releases",),
        (H.LOST, H.EMPTIED, H.CUT_OFF, H.OLDER),
        "harmless: the publisher writes again what is missing, the same bytes. Lost: `exchange topics apply`",
        (CLOSING,),
    ),
    StateAnswer(
        ("releases",),
        (H.OTHERS,),
        "the publisher stops (`PublishedDiffers`) and names the offset. Tell its readers, delete the topic and run `exchange"
        " topics apply`: everything is published again",
        (CLOSING,),
    ),
    StateAnswer(
        ("quarantine", "metrics", "pulse", "alerts"),
        (H.LOST, H.EMPTIED, H.CUT_OFF, H.OTHERS, H.OLDER),
        "harmless: nothing is decided by it, and what still holds is written again. Of `quarantine`, past refusals are gone"
        " from the list. Lost: the worker does not start until `exchange topics apply`. Others' records are named"
        " (`unreadable`)",
        (HARMLESS,),
    ),
    StateAnswer(
        ("quarantine", "metrics", "pulse", "alerts"),
        (H.HELD,),
        "counts go on; what is shown from it waits, and the alert is `held open`",
        (HELD_READ,),
    ),
    StateAnswer(
        ("inbox", "receipts"),
        (H.LOST, H.EMPTIED, H.CUT_OFF, H.OTHERS, H.OLDER),
        "harmless for all others. The agency is left out while a topic is missing (`exchange topics apply`). What was not"
        " admitted yet, its edge sends again; what comes twice is recognised, and what nobody signed is not counted",
        (HARMLESS,),
    ),
    StateAnswer(
        ("inbox", "receipts"),
        (H.HELD,),
        "that agency waits until the transaction has ended; nobody else does",
        (HELD_READ,),
    ),
)
ELSEWHERE: Final = {("draws", H.OLDER): "ADR 33"}
"""Questions whose answers stand with the ledger of draws."""


def state_answers() -> Iterator[str]:
    """The table: topic, what happened, what follows."""
    yield from table(
        ("topic", "what happened", "then"),
        (
            (
                ", ".join(f"`{topic_name(BY_NAME[topic])}`" for topic in answer.topics),
                ", ".join(answer.happened),
                answer.then,
            )
            for answer in sorted(ANSWERS, key=lambda answer: list(BY_NAME).index(answer.topics[0]))
        ),
    )
