"""The keys and values of held tallies in `gate-state`."""

from exchange.core.admission.gate import AgencyState, Arrival
from exchange.core.model.events import Correction, Tally
from exchange.core.model.period import period_text
from exchange.core.model.tally_tables import TallyTable
from exchange.wire import records as m


def tally_change(agency: str, arrival: Arrival, state: AgencyState) -> list[tuple[bytes, bytes | None]]:
    """The state to keep, after an accepted event, for the tally that it sends or retracts."""
    body = arrival.body.body if isinstance(arrival.body, Correction) else arrival.body
    if not isinstance(body, Tally):
        return []
    sequence = state.tallies.get((body.table, arrival.period, arrival.state))
    value = None if sequence is None else m.encode_gate_tally(sequence)
    return [(tally_key(agency, body.table, arrival.period, arrival.state), value)]


def tally_key(agency: str, table: TallyTable, period: int, state: str) -> bytes:
    """The key of a held tally."""
    return f"tally|{agency}|{table}|{period_text(period)}|{state}".encode("ascii")
