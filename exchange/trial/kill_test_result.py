"""What a kill test found."""

from dataclasses import dataclass

from exchange.trial.state_attacks import AttackSeen


@dataclass(frozen=True, slots=True)
class KillTestResult:
    """Losses and duplicates, in events and in counts of cells."""

    rounds: int
    events: int
    lost: int
    duplicated: int
    disordered: int
    """Chains that are not in order in `events`."""
    cells: int
    cells_differing: int
    deeds: dict[str, int]
    attacks: tuple[AttackSeen, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether nothing was lost, doubled or miscounted, and every attack was refused."""
        wrong = self.lost or self.duplicated or self.disordered or self.cells_differing
        return not wrong and not any(one.missed for one in self.attacks)
