"""Passwords for users of Kafka: the exchange's own principals, and its agencies.

For each user there are two files: `NAME.password`, which the client reads, and
`users/NAME.properties`, which `kafka-configs.sh` gives to the brokers. Kafka keeps a salted hash.
The lines for `kafka-configs.sh` name files, so no password is ever on a command line.
"""

import secrets
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exchange.deploy.broker_settings import MECHANISM
from exchange.engine.kafka.rights import PRINCIPALS
from exchange.wire.topics import check_agency

PASSWORD_BYTES: Final = 32
ITERATIONS: Final = 8192
USERS: Final = "users"
MOUNTED: Final = "/run/users"
"""Where the Kafka tools of the compose file find the folder `users`."""


def principals_of(agencies: Iterable[str]) -> list[str]:
    """The users of these agencies; without any, those of the exchange itself.

    Raises AgencyCodeInvalid.
    """
    return [f"agency-{check_agency(code)}" for code in agencies] or list(dict.fromkeys(PRINCIPALS.values()))


def credential_files(principals: Iterable[str]) -> Mapping[str, bytes]:
    """File name → content, with a new password for each of these users."""
    files: dict[str, bytes] = {}
    for principal in principals:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        files[f"{principal}.password"] = f"{password}\n".encode()
        setting = f"{MECHANISM}=[iterations={ITERATIONS},password={password}]\n"
        files[f"{USERS}/{principal}.properties"] = setting.encode()
    return files


def user_lines(principals: Iterable[str]) -> Iterator[str]:
    """Commands for a shell in which BOOTSTRAP and ADMIN_CONFIG are set."""
    for principal in principals:
        words = ["--alter", "--entity-type", "users", "--entity-name", principal]
        words += ["--add-config-file", f"{MOUNTED}/{principal}.properties"]
        yield f'kafka-configs.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN_CONFIG" {shlex.join(words)}'
