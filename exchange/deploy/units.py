"""systemd units: a worker and its broker on one machine, and an agency's weekly run.

Every service runs as a user of its own, sees nothing of the machine but its own folders, and may
use no right that its work does not need: `HARDENING` is the table. The score of
`systemd-analyze security` is kept under `EXPOSURE_MAX`.

Put your own changes into a drop-in (`systemctl edit exchange-worker`).

Not promised: systemd older than 247, which lacks some of the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COMMAND: Final = "/opt/exchange/bin/exchange"
EXPOSURE_MAX: Final = 1.5
"""Of 10, where 10 has no protection at all."""
WORKER_STOP_S: Final = 30
BROKER_STOP_S: Final = 60
EXCHANGE: Final = "service-events-exchange"
"""The folder of the exchange under `/var/lib`, `/var/cache` and `/etc`; its user is `exchange`."""
WITNESS: Final = "exchange-witness"
"""The folder of the witness files under `/var/lib`."""
EDGE: Final = "exchange-edge"
"""The user of an agency's weekly run, and its folder."""
_HEAD: Final = "# Made by `exchange deploy systemd`. Put your own changes into a drop-in: `systemctl edit {name}`.\n"

Directives = Mapping[str, str | tuple[str, ...]]

HARDENING: Final[Mapping[str, str]] = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "PrivateIPC": "yes",
    "PrivateMounts": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RemoveIPC": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
    "SystemCallErrorNumber": "EPERM",
    "DevicePolicy": "closed",
    "KeyringMode": "private",
    "UMask": "0077",
}
"""What every service goes without."""


@dataclass(frozen=True, slots=True)
class SystemdUnit:
    """One file: its name, and its sections with their settings; `# …` is a comment."""

    name: str
    sections: Mapping[str, Directives] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The file's text."""
        parts = [_HEAD.format(name=self.name)]
        for section, directives in self.sections.items():
            parts += [f"\n[{section}]\n", *(_lines(name, value) for name, value in directives.items())]
        return "".join(parts)


SYSUSERS: Final = f"""\
# Made by `exchange deploy systemd`. Install it in /etc/sysusers.d, then run `systemd-sysusers`.
u exchange - "Service events exchange" /var/lib/{EXCHANGE}
u {EDGE} - "Edge of an agency" /var/lib/{EDGE}
"""


def systemd_units(command: str = COMMAND) -> tuple[SystemdUnit, ...]:
    """Every unit. `command`: the full path of `exchange`."""
    return (_broker(command), _worker(command), _publish(command), _weekly())


def _broker(command: str) -> SystemdUnit:
    """The embedded Kafka. The command ends; systemd then watches the Java that it left running."""
    service = {
        **_service("forking", EXCHANGE, "exchange", f"{command} up"),
        "ExecStop": f"{command} down",
        "Restart": "on-failure",
        "# The first time it fetches Kafka.": "",
        "TimeoutStartSec": "300",
        "TimeoutStopSec": str(BROKER_STOP_S),
        "MemoryMax": "1500M",
        "LimitNOFILE": "65536",
        "# Java makes code while it runs.": "",
        "MemoryDenyWriteExecute": "no",
        "# Java sizes itself by /proc/meminfo, and the command reads the number of the boot.": "",
        "ProcSubset": "all",
    }
    return SystemdUnit(
        "exchange-broker.service",
        {
            "Unit": _unit("Kafka of the service events exchange, on this machine", After="network.target"),
            "Service": _hardened(service),
            "Install": {"WantedBy": "multi-user.target"},
        },
    )


def _worker(command: str) -> SystemdUnit:
    service = {
        **_service("exec", EXCHANGE, "exchange", f"{command} worker"),
        f"# {WITNESS} holds what it remembers of the ledger: never in one backup with the broker.": "",
        "StateDirectory": f"{EXCHANGE} {WITNESS}",
        "Environment": (
            "XDG_DATA_HOME=/var/lib",
            "XDG_CACHE_HOME=/var/cache",
            f"EXCHANGE_STATE_DIR=/var/lib/{WITNESS}",
        ),
        "Restart": "always",
        "TimeoutStopSec": str(WORKER_STOP_S),
        "# The worker alone is asked to stop; it stops its own processes.": "",
        "KillMode": "mixed",
        "MemoryMax": "1G",
        "# It finds a broker on this machine by the number of the boot.": "",
        "ProcSubset": "all",
    }
    return SystemdUnit(
        "exchange-worker.service",
        {
            "Unit": _unit(
                "Worker of the service events exchange",
                Wants="network-online.target exchange-broker.service",
                After="network-online.target exchange-broker.service",
                StartLimitIntervalSec="0",  # it is started again for as long as Kafka is away
            ),
            "Service": _hardened(service),
            "Install": {"WantedBy": "multi-user.target"},
        },
    )


def _publish(command: str) -> SystemdUnit:
    export, profile = f"/var/lib/{EDGE}/export.zip", f"/etc/{EDGE}/agency.toml"
    service = {
        **_service("oneshot", EDGE, EDGE, f"{command} publish {export} --profile {profile} --scheduled"),
        "TimeoutStartSec": "6h",
        "TimeoutStopSec": "60",
        "MemoryMax": "2G",
        "LoadCredential": f"exchange_sasl_password:/etc/{EDGE}/sasl_password",
    }
    del service["RestartSec"]
    return SystemdUnit(
        "exchange-publish.service",
        {
            "Unit": _unit(
                "Publish de-identified events of this agency",
                Wants="network-online.target",
                After="network-online.target",
                AssertPathExists=(export, profile),
            ),
            "Service": _hardened(service),
        },
    )


def _weekly() -> SystemdUnit:
    timer = {
        "OnCalendar": "Mon *-*-* 06:00:00",
        "RandomizedDelaySec": "2h",
        "Persistent": "yes",
    }
    return SystemdUnit(
        "exchange-publish.timer",
        {
            "Unit": _unit("Publish events of this agency every week"),
            "Timer": timer,
            "Install": {"WantedBy": "timers.target"},
        },
    )


def _unit(description: str, **more: str | tuple[str, ...]) -> Directives:
    return {"Description": description, **more}


def _hardened(service: Directives) -> Directives:
    """With every row of the table that the service does not answer otherwise."""
    return {**service, **{name: value for name, value in HARDENING.items() if name not in service}}


def _service(kind: str, folder: str, user: str, command: str) -> dict[str, str | tuple[str, ...]]:
    return {
        "Type": kind,
        "User": user,
        "Group": user,
        "ExecStart": command,
        "EnvironmentFile": f"-/etc/{folder}/environment",
        "Environment": ("XDG_DATA_HOME=/var/lib", "XDG_CACHE_HOME=/var/cache"),
        "WorkingDirectory": f"/var/lib/{folder}",
        "StateDirectory": folder,
        "StateDirectoryMode": "0700",
        "CacheDirectory": folder,
        "CacheDirectoryMode": "0700",
        "ConfigurationDirectory": folder,
        "RestartSec": "5",
    }


def _lines(name: str, value: str | tuple[str, ...]) -> str:
    if name.startswith("#"):
        return f"{name}\n"
    return "".join(f"{name}={one}\n" for one in ((value,) if isinstance(value, str) else value))
