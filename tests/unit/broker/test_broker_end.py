"""When a broker counts as ended: its JVM is gone, whatever of its data is still being removed."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from exchange.engine.broker import BrokerDidNotStop, process, supervise
from exchange.engine.broker.process import BrokerProcess


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[bytes]"]:
    """A supervisor that is still at work when the time is over."""
    at_work = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.PIPE)
    yield at_work
    at_work.kill()
    at_work.communicate()


def ended() -> int:
    """The number of a process that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def broker_of(supervisor: "subprocess.Popen[bytes]", jvm: int | None) -> BrokerProcess:
    broker = BrokerProcess()
    broker._supervisor, broker._pid = supervisor, jvm
    return broker


def test_a_broker_whose_data_is_still_being_removed_has_stopped(
    busy: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_WAIT_S", 0.05)
    broker_of(busy, ended()).stop()
    assert busy.poll() is None


@pytest.mark.parametrize("known", [True, False])
def test_a_broker_that_runs_on_or_of_which_nothing_is_known_has_not(
    busy: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    monkeypatch.setattr(process, "STOP_WAIT_S", 0.05)
    with pytest.raises(BrokerDidNotStop):
        broker_of(busy, busy.pid if known else None)._end(supervise.GENTLY)
    assert busy.wait(20) != 0
