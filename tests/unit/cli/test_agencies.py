"""What an operator registers: no accidental change, no lost key, never a private key accepted."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from consumers.admission.enrolment import (
    AgencyNotRegistered,
    Enrolment,
    EnrolmentIncomplete,
    KeyNumberInvalid,
    KeyWouldChange,
    LegalClassWouldChange,
    SmallCountsNotAllowed,
    enrolled,
)
from consumers.admission.public_keys import PrivateKeyGiven, PublicKeyFileMissing, PublicKeyInvalid, public_key
from exchange.core.admission.gate import Registration, Status
from exchange.core.errors import ExchangeError
from exchange.core.model.vocabulary import LegalClass
from exchange.wire.topics import AgencyCodeInvalid, partition_of

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
CODE = "harbor-light"
INDIVIDUAL, TALLY = LegalClass.individual, LegalClass.tally_only

keys = st.none() | st.binary(min_size=32, max_size=32)
numbers = st.none() | st.integers(0, 63)
enrolments = st.builds(
    Enrolment,
    st.just(CODE),
    st.none() | st.sampled_from([INDIVIDUAL, TALLY, LegalClass.year_only]),
    keys,
    numbers,
    st.none() | st.booleans(),
    st.none() | st.sampled_from(Status),
)


def enrol(held: Registration | None, enrolment: Enrolment, *, confirmed: bool = False) -> Registration:
    return enrolled({CODE: held} if held else {}, enrolment, 12, confirmed=confirmed)


def test_a_new_agency_needs_a_class_and_a_key() -> None:
    for enrolment in (Enrolment(CODE), Enrolment(CODE, INDIVIDUAL), Enrolment(CODE, key=KEY)):
        with pytest.raises(EnrolmentIncomplete):
            enrol(None, enrolment)
    assert enrol(None, Enrolment(CODE, INDIVIDUAL, KEY)) == Registration(
        CODE, INDIVIDUAL, False, partition_of(CODE, 12), ((1, KEY),)
    )


@pytest.mark.parametrize(
    "change",
    [
        Enrolment(CODE, status=Status.SUSPENDED),
        Enrolment(CODE, status=Status.ACTIVE),
        Enrolment(CODE, INDIVIDUAL, status=Status.SUSPENDED),
        Enrolment(CODE, small_counts=True),
        Enrolment(CODE, key_number=2),
    ],
)
def test_a_change_of_a_code_that_nobody_has_registers_nothing_and_names_the_list(change: Enrolment) -> None:
    with pytest.raises(AgencyNotRegistered, match=f"{CODE} is not registered. `exchange agencies list`"):
        enrol(None, change)
    registered = enrol(None, Enrolment(CODE, INDIVIDUAL, KEY, status=Status.SUSPENDED))
    assert registered.status is Status.SUSPENDED


@pytest.mark.parametrize("code", ["", "a", "Harbor", "1st", "a b", "a" * 33, "a.b", "a_b", "ä-b"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(AgencyCodeInvalid):
        enrol(None, Enrolment(code, INDIVIDUAL, KEY))


def test_a_missing_answer_is_no_legal_class() -> None:
    with pytest.raises(EnrolmentIncomplete):
        enrol(None, Enrolment(CODE, LegalClass.not_known, KEY))


def test_the_class_changes_only_when_it_may() -> None:
    held = enrol(None, Enrolment(CODE, INDIVIDUAL, KEY))
    with pytest.raises(LegalClassWouldChange, match="harbor-light is registered as individual, not tally_only"):
        enrol(held, Enrolment(CODE, TALLY))
    assert enrol(held, Enrolment(CODE, TALLY), confirmed=True).legal_class is TALLY


def test_small_counts_go_with_tallies_only() -> None:
    with pytest.raises(SmallCountsNotAllowed):
        enrol(None, Enrolment(CODE, INDIVIDUAL, KEY, small_counts=True))
    held = enrol(None, Enrolment(CODE, TALLY, KEY, small_counts=True))
    assert held.small_counts
    assert not enrol(held, Enrolment(CODE, INDIVIDUAL), confirmed=True).small_counts


def test_keys_are_numbered_on_and_replaced_only_by_number() -> None:
    held = enrol(None, Enrolment(CODE, INDIVIDUAL, KEY))
    assert enrol(held, Enrolment(CODE, key=KEY)).keys == ((1, KEY),)
    assert enrol(held, Enrolment(CODE, key=OTHER)).keys == ((1, KEY), (2, OTHER))
    assert enrol(held, Enrolment(CODE, key=KEY, key_number=1)) == held
    with pytest.raises(KeyWouldChange, match="harbor-light has another key 1"):
        enrol(held, Enrolment(CODE, key=OTHER, key_number=1))
    assert enrol(held, Enrolment(CODE, key=OTHER, key_number=1), confirmed=True).keys == ((1, OTHER),)
    for refused in (Enrolment(CODE, key=OTHER, key_number=64), Enrolment(CODE, key_number=2)):
        with pytest.raises(KeyNumberInvalid):
            enrol(held, refused)
    with pytest.raises(PublicKeyInvalid):
        enrol(held, Enrolment(CODE, key=b"short"))


@given(st.lists(enrolments, max_size=6))
def test_partition_and_key_numbers_last_and_saying_it_again_changes_nothing(said: list[Enrolment]) -> None:
    held = enrol(None, Enrolment(CODE, TALLY, KEY))
    for enrolment in said:
        try:
            after = enrol(held, enrolment, confirmed=True)
        except ExchangeError:
            continue
        assert after.partition == held.partition
        assert dict(held.keys).keys() <= dict(after.keys).keys()
        assert after.legal_class is TALLY or not after.small_counts
        assert enrol(after, enrolment) == after
        held = after


# Public keys

pair = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = pair.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
PEM = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FORMS = {
    "pem": PEM,
    "hex": RAW.hex().encode(),
    "capitals": RAW.hex().upper().encode() + b"\n",
    "base64": base64.b64encode(RAW),
    "url base64": base64.urlsafe_b64encode(RAW).rstrip(b"="),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_read_as_text_and_from_a_file(form: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(FORMS[form])
    assert public_key(str(path)) == public_key(FORMS[form].decode()) == RAW


def test_a_key_is_read_from_a_file_of_its_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for octets in (RAW, b" " * 31 + b"\n"):  # white space may be part of a key
        path.write_bytes(octets)
        assert public_key(str(path)) == octets


@given(st.binary(min_size=32, max_size=32))
def test_every_key_is_read_in_every_form(octets: bytes) -> None:
    for text in (octets.hex(), base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()):
        assert public_key(text) == octets


@pytest.mark.parametrize(
    "given_", ["", "no-such-file", RAW.hex()[:-1], "z" * 64, base64.b64encode(RAW[:31]).decode(), "\0"]
)
def test_what_is_no_key_is_refused(given_: str) -> None:
    with pytest.raises(PublicKeyInvalid) as refused:
        public_key(given_)
    assert not given_ or given_ not in str(refused.value)


@pytest.mark.parametrize("name", ["ns.pub", "no-such-file", "keys/harbor-light.pem", "/none/here", "~/ns.pub"])
def test_a_file_that_is_missing_is_called_missing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PublicKeyFileMissing, match="there is no file of that name"):
        public_key(name)


@pytest.mark.parametrize("damaged", [RAW.hex()[:-1], "z" * 64, base64.b64encode(RAW[:31]).decode()])
def test_a_damaged_key_is_not_called_a_missing_file(damaged: str, tmp_path: Path) -> None:
    (tmp_path / "no-key.pem").write_bytes(b"something else")
    for given_ in (damaged, str(tmp_path / "no-key.pem")):
        with pytest.raises(PublicKeyInvalid) as refused:
            public_key(given_)
        assert not isinstance(refused.value, PublicKeyFileMissing)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    other = X25519PrivateKey.generate().public_key()
    path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(PublicKeyInvalid):
        public_key(str(path))


def test_a_private_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "key"
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    for handed in (str(path), pem.decode()):
        with pytest.raises(PrivateKeyGiven) as refused:
            public_key(handed)
        assert pem.decode().splitlines()[1] not in str(refused.value)
