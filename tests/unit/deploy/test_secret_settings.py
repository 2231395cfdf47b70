"""A setting that is not in the environment is read from a file of CREDENTIALS_DIRECTORY."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.cli.operator.worker import _with_sign
from exchange.settings import SettingInvalid, Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("EXCHANGE_SASL_PASSWORD", raising=False)
    return tmp_path


def test_a_password_is_read_from_its_file_and_not_shown(folder: Path) -> None:
    (folder / "exchange_sasl_password").write_text("open sesame\n")
    settings = Settings.model_validate({"bootstrap_servers": "127.0.0.1:1"})
    assert settings.client("test").sasl_password == "open sesame"
    assert "sesame" not in repr(settings)


def test_the_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "exchange_sasl_username").write_text("from-a-file")
    assert Settings.model_validate({}).sasl_username == "from-a-file"
    monkeypatch.setenv("EXCHANGE_SASL_USERNAME", "from-the-environment")
    assert Settings.model_validate({}).sasl_username == "from-the-environment"


def test_a_wrong_value_in_a_file_is_named_and_not_quoted(folder: Path) -> None:
    (folder / "exchange_partitions").write_text("many")
    with pytest.raises(SettingInvalid, match="EXCHANGE_PARTITIONS must be a whole number") as raised:
        Settings.model_validate({})
    assert "many" not in str(raised.value)


@pytest.mark.parametrize("place", ["missing", "file"])
def test_a_folder_that_is_none_is_an_error_and_not_passed_over(folder: Path, monkeypatch, place: str) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder / place))
    with pytest.raises(SettingInvalid, match="CREDENTIALS_DIRECTORY must be a folder"):
        Settings.model_validate({})


def test_a_file_that_cannot_be_read_is_an_error(folder: Path) -> None:
    (folder / "exchange_sasl_password").write_bytes(b"\xff")
    with pytest.raises(SettingInvalid, match="must be text that this user may read"):
        Settings.model_validate({})


async def test_the_sign_of_life_begins_when_the_worker_has_started_and_ends_with_it(tmp_path: Path) -> None:
    sign = tmp_path / "alive"
    seen: list[bool] = []

    async def work(*, ready: Callable[[], None]) -> None:
        seen.append(sign.exists())
        await asyncio.sleep(0.01)
        seen.append(sign.exists())
        ready()
        await asyncio.sleep(0.01)
        seen.append(sign.exists())

    await _with_sign(sign, work)
    sign.unlink()
    await asyncio.sleep(0.01)
    assert seen == [False, False, True]
    assert not sign.exists()
