"""A record of `agencies` that is no registration: the error names the place and the mend."""

import pytest

from consumers.admission.registry import Registry
from exchange.testing.memory_partition import StoredRecord
from exchange.wire.message import MessageUnreadable


def test_a_foreign_record_is_refused_with_its_place_and_the_mend() -> None:
    registry = Registry()
    with pytest.raises(MessageUnreadable, match="agencies-0 offset 7 is no registration") as caught:
        registry.take(StoredRecord(b"foreign", b"not of this exchange", (), 7, 0))
    assert "`exchange topics apply --anew agencies`" in str(caught.value)
    assert "not of this exchange" not in str(caught.value)
    assert not registry.agencies
