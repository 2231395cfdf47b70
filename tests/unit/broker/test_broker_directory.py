"""Who owns a data directory: the lock lasts as long as the broker; no other process holds it."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.engine.broker import BrokerDataInUse, BrokerDataUnusable, detached, directory
from exchange.engine.broker.directory import Holder, choose_ports, living_holder, process_began, record, take
from exchange.engine.broker.server import HOST, Ports


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """These brokers are none: their links are not for the commands of this account."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of this machine that has nothing to do with us."""
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_directory_is_held_once(tmp_path: Path) -> None:
    lock = take(tmp_path / "data")
    with pytest.raises(BrokerDataInUse, match="exchange down"):
        take(tmp_path / "data")
    os.close(lock)
    os.close(take(tmp_path / "data"))


def test_the_refusal_names_who_holds_it(tmp_path: Path) -> None:
    lock = take(tmp_path)
    record(tmp_path, os.getpid(), Ports(20_001, 20_002))
    with pytest.raises(BrokerDataInUse, match=rf"process {os.getpid()}, at 127\.0\.0\.1:20001"):
        take(tmp_path)
    os.close(lock)


def test_the_lock_lasts_as_long_as_a_process_that_inherited_it(tmp_path: Path) -> None:
    lock = take(tmp_path)
    command = [sys.executable, "-I", "-S", "-c", "input()"]
    heir = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(lock,))
    os.close(lock)
    with pytest.raises(BrokerDataInUse):
        take(tmp_path)
    heir.kill()
    heir.communicate()
    os.close(take(tmp_path))


def test_a_child_that_is_not_the_broker_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = take(tmp_path)
    bystander = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    os.close(lock)
    os.close(take(tmp_path))
    bystander.kill()
    bystander.communicate()


def test_data_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    os.close(take(tmp_path / "new"))
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_an_empty_directory_is_closed_to_others_and_a_full_one_is_refused(tmp_path: Path) -> None:
    """Closing `/tmp` or a home that somebody named would hurt more than a refusal."""
    tmp_path.chmod(0o755)
    os.close(take(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    for mode in (0o750, 0o705, 0o701):
        tmp_path.chmod(mode)
        with pytest.raises(BrokerDataUnusable, match="chmod 700"):
            take(tmp_path)
        assert tmp_path.stat().st_mode & 0o777 == mode


def test_a_directory_of_another_account_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BrokerDataUnusable, match="belongs to another account"):
        take(tmp_path)


def test_a_folder_of_links_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(BrokerDataUnusable, match="Set XDG_DATA_HOME"):
        record(tmp_path, os.getpid(), Ports(20_001, 20_002))


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrokerDataUnusable, match=str(tmp_path / "file")):
        take(tmp_path / "file")


def test_a_living_holder_is_found_until_it_ends(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    record(tmp_path, sleeper.pid, Ports(20_001, 20_002))
    found = living_holder(tmp_path)
    assert found is not None
    assert (found.pid, found.bootstrap_servers) == (sleeper.pid, "127.0.0.1:20001")
    sleeper.kill()
    sleeper.wait()
    assert living_holder(tmp_path) is None


def test_a_process_that_has_ended_but_was_not_waited_for_is_gone(sleeper: "subprocess.Popen[bytes]") -> None:
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the process table
    assert process_began(sleeper.pid) is None


def test_a_number_given_to_another_process_is_not_taken_for_the_broker(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    earlier = Holder(sleeper.pid, "another boot 1", 20_001, 20_002)
    write_state(tmp_path, earlier)
    assert not earlier.lives()
    assert detached.down(tmp_path) is None
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 1}', '{"pid": 1, "began": "", "client_port": 1, "x": 2}'])
def test_an_unreadable_record_is_no_holder(tmp_path: Path, text: str) -> None:
    (tmp_path / directory.STATE_FILE).write_text(text)
    assert living_holder(tmp_path) is None


def test_a_directory_without_a_record_has_no_holder(tmp_path: Path) -> None:
    assert living_holder(tmp_path / "none") is None
    assert detached.down(tmp_path / "none") is None


def test_the_ports_of_last_time_are_taken_again_when_both_are_free() -> None:
    free = choose_ports()
    assert choose_ports(Holder(1, "", free.client, free.controller)) == free


def test_other_ports_are_taken_when_one_of_last_time_is_not_free() -> None:
    free = choose_ports()
    for taken in (free.client, free.controller):
        with socket.socket() as occupant:
            occupant.bind((HOST, taken))
            occupant.listen()
            chosen = choose_ports(Holder(1, "", free.client, free.controller))
        assert taken not in (chosen.client, chosen.controller)
        assert chosen.client != chosen.controller


def test_chosen_ports_are_never_those_of_outgoing_connections() -> None:
    """A client that keeps trying a dead broker's port could be given it, and connect to itself."""
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(outgoing.read_text().split()[0]) if outgoing.exists() else 49_152
    assert directory.PORTS.stop <= first
    assert all(
        port in directory.PORTS for _ in range(50) for port in (choose_ports().client, choose_ports().controller)
    )


def write_state(data_dir: Path, holder: Holder) -> None:
    record(data_dir, holder.pid, holder.ports)
    text = (data_dir / directory.STATE_FILE).read_text()
    began = process_began(holder.pid)
    assert began is not None
    (data_dir / directory.STATE_FILE).write_text(text.replace(began, holder.began))


def test_the_data_home_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert directory.data_home().is_relative_to(tmp_path)


def test_locks_are_advisory_file_locks_of_the_open_file(tmp_path: Path) -> None:
    """`flock`, not `lockf`, which is not inherited and is lost when any copy is closed."""
    lock = take(tmp_path)
    os.close(os.open(tmp_path / directory.LOCK_FILE, os.O_RDWR))
    other = os.open(tmp_path / directory.LOCK_FILE, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    os.close(lock)
