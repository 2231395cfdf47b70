"""A service of the committed compose file, run by a container engine on this machine's network.

User, file system, capabilities, limits, environment, secrets, command and health check are those
of the file; only the addresses of brokers, the folder of secrets and the number of partitions are
this machine's.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from exchange.deploy.broker_settings import INSIDE, SECRETS
from tests.kits.cluster_kit.three_brokers import COMPOSE, ThreeBrokers

USER: Final = 1000
PARTITIONS: Final = 4
"""Three brokers and 24 lanes are too much for two cores that others use too."""


@dataclass(frozen=True, slots=True)
class ComposeContainers:
    """`image`: the one that was built; `brokers`: where the services' brokers are."""

    image: str
    brokers: ThreeBrokers
    engine: str = "podman"

    def run(self, service: str, *words: str) -> str:
        """What a command of the service prints, which must succeed."""
        return self._engine("run", "--rm", *self._options(service), self.image, *words)

    @contextmanager
    def running(self, service: str) -> Iterator[str]:
        """The service with its own command; the name of its container."""
        command = _service(service)["command"]
        restart = f"--restart={_service(service)['restart']}"
        name = self._engine("run", "--detach", restart, *self._options(service), self.image, *command).strip()
        try:
            yield name
        finally:
            self._engine("rm", "--force", "--time", "0", name)

    def is_healthy(self, container: str, service: str) -> bool:
        """Whether the health check of the file succeeds."""
        (_, check) = _service(service)["healthcheck"]["test"]
        return self._call("exec", container, "sh", "-c", check).returncode == 0

    def stop(self, container: str, service: str) -> int:
        """Stop it with the patience of the file; its exit status."""
        patience = _service(service)["stop_grace_period"].removesuffix("s")
        self._engine("stop", "--time", patience, container)
        return int(self._engine("inspect", "--format", "{{.State.ExitCode}}", container))

    def logs(self, container: str) -> str:
        done = self._call("logs", container)
        return done.stdout + done.stderr

    def shell(self, script: str) -> str:
        """What a shell in the image prints."""
        return self._engine("run", "--rm", "--entrypoint", "sh", self.image, "-c", script)

    def _options(self, service: str) -> list[str]:
        asked = _service(service)
        limits = asked["deploy"]["resources"]["limits"]
        options = ["--network", "host", f"--cpus={limits['cpus']}", f"--memory={limits['memory'].lower()}"]
        options += [f"--pids-limit={limits['pids']}", *(f"--cap-drop={name}" for name in asked["cap_drop"])]
        options += [f"--security-opt={option.partition(':')[0]}" for option in asked["security_opt"]]
        options += [f"--tmpfs={mount}" for mount in asked["tmpfs"]]
        options += [f"--volume={mount.partition(':')[2]}" for mount in asked["volumes"]]  # one of its own
        options += ["--read-only", "--read-only-tmpfs=false"] if asked["read_only"] else []
        environment = {**asked["environment"], "EXCHANGE_BOOTSTRAP_SERVERS": self.brokers.servers(INSIDE.port)}
        environment |= {"EXCHANGE_CLIENTS_A_YEAR": "13631", "EXCHANGE_PARTITIONS": str(PARTITIONS)}
        options += [f"--env={name}={value}" for name, value in environment.items()]
        for secret in asked["secrets"]:
            source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
            options.append(f"--volume={self._secret(source)}:{SECRETS}/{target}:ro")
        return options

    def _secret(self, name: str) -> Path:
        file = self.brokers.secrets / Path(yaml.safe_load(COMPOSE.read_text())["secrets"][name]["file"]).name
        if os.getuid() == 0:
            os.chown(file, USER, USER)  # as deploy/README.md asks
        return file

    def _engine(self, *words: str) -> str:
        done = self._call(*words)
        assert done.returncode == 0, f"{' '.join(_plain(words))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([self.engine, *words], capture_output=True, text=True, timeout=180, check=False)


def _service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"][name]
    return found


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith("--env=")]
