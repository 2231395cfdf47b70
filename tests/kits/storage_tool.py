"""Kafka's own tool that formats storage. The embedded broker does without it, and the same."""

import subprocess
from collections.abc import Mapping

from exchange.engine import own_brokers
from exchange.engine.broker.server import SETTINGS_FILE, Launch, jvm_environment
from exchange.engine.broker.storage import ITERATIONS, new_id
from exchange.engine.private_file import UMASK, write_private

WAIT_S = 60
ARGUMENTS = "format.arguments"


def format_as_owner(launch: Launch, secret: str) -> None:
    """Format the storage of a launch whose settings are written, with the only user."""
    format_by_kafka(launch, {own_brokers.OWNER: secret})


def format_by_kafka(launch: Launch, users: Mapping[str, str]) -> None:
    """Format it with these users and their passwords.

    Java reads the arguments from a file: every account may see a command line.
    """
    words = ["kafka.tools.StorageTool", "format", "-t", new_id(), "-c", SETTINGS_FILE]
    for name, password in users.items():
        words += "--add-scram", f"{own_brokers.MECHANISM}=[name={name},password={password},iterations={ITERATIONS}]"
    arguments = launch.data_dir / ARGUMENTS
    write_private(arguments, "".join(f'"{word}"\n' for word in words).encode("ascii"))
    java, *flags, _program, _settings = launch.command()
    try:
        subprocess.run(
            [java, *flags, f"@{ARGUMENTS}"],
            cwd=launch.data_dir,
            env=jvm_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            umask=UMASK,
            timeout=WAIT_S,
            check=True,
        )
    finally:
        arguments.unlink()
