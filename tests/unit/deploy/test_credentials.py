"""Passwords: one for each user, in files of their owner, never on a line."""

import re
import shlex
import stat
from pathlib import Path

from exchange.deploy.credentials import credential_files, principals_of
from exchange.engine.kafka.rights import rights
from tests.kits.command_line import exchange


def test_every_principal_that_has_a_right_can_have_a_password() -> None:
    granted = {right.principal for right in rights(["harbor-light"], group="workers")}
    assert granted == {*principals_of(()), *principals_of(["harbor-light"])}


def test_each_user_has_a_long_password_of_its_own() -> None:
    files = credential_files(principals_of(()))
    passwords = [content.decode().strip() for name, content in files.items() if name.endswith(".password")]
    assert len(set(passwords)) == len(passwords) == len(principals_of(()))
    assert min(map(len, passwords)) >= 43  # of 64 symbols: 256 bits
    assert not set(passwords) & {content.decode().strip() for content in credential_files(principals_of(())).values()}


def test_the_client_and_the_brokers_get_the_same_password() -> None:
    files = credential_files(["exchange-worker"])
    password = files["exchange-worker.password"].decode().strip()
    assert files["users/exchange-worker.properties"].decode() == (
        f"SCRAM-SHA-512=[iterations=8192,password={password}]\n"
    )


def test_the_lines_name_files_and_no_password(tmp_path: Path) -> None:
    done = exchange("deploy", "credentials", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = [shlex.split(line) for line in done.stdout.splitlines()]
    users = [line[line.index("--entity-name") + 1] for line in lines]
    assert users == principals_of(())
    assert all(line[0] == "kafka-configs.sh" for line in lines)
    written = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    for path, text in written.items():
        password = re.search(r"[\w-]{43}", text)
        assert password
        assert password[0] not in done.stdout + done.stderr
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert str(path) in done.stderr


def test_an_agency_gets_a_password_and_nobody_else(tmp_path: Path) -> None:
    done = exchange("deploy", "credentials", "--out", str(tmp_path), "--agency", "harbor-light")
    assert done.stdout.count("\n") == 1
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"agency-harbor-light.password", "users/agency-harbor-light.properties"}
    assert exchange("deploy", "credentials", "--out", str(tmp_path), "--agency", "harbor-light").returncode == 2


def test_a_code_that_no_agency_can_have_is_refused(tmp_path: Path) -> None:
    done = exchange("deploy", "credentials", "--out", str(tmp_path), "--agency", "../x")
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []
