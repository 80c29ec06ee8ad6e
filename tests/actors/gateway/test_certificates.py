"""Certificates over HTTP: shown once the authority has issued them, revoked by its list, and every byte of a signature counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.actors.gateway.live import LiveBank, live

AUTHORITY, OTHER, MINE = (Ed25519PrivateKey.generate() for _ in range(3))
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def certificate(serial: int, id_number: str, by: Ed25519PrivateKey = AUTHORITY, days: int = 365) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, id_number)]) if id_number else NAME
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(NAME).serial_number(serial)
    made = made.not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=days))
    key = MINE if id_number else AUTHORITY
    return made.public_key(key.public_key()).sign(by, None).public_bytes(Encoding.PEM).decode()


def revocations(serial: int, by: Ed25519PrivateKey = AUTHORITY) -> str:
    one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
    made = x509.CertificateRevocationListBuilder().issuer_name(NAME).last_update(NOW)
    made = made.next_update(NOW + dt.timedelta(days=365)).add_revoked_certificate(one)
    return made.sign(by, None).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def certified() -> Iterator[LiveBank]:
    with live(policies__contracts__certified=True, policies__contracts__authority=certificate(1, "")) as bank:
        yield bank


def offered(bank: LiveBank) -> tuple[str, str, dict[str, Any], str]:
    """A contract's path, its customer's ID number, the signature's body without a certificate, and what is to be signed."""
    applied = bank.apply()
    path = f"/v1/applications/{applied['case']}/contract"
    said = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})
    signing = {"confirmation": said["confirmation"], "mode": "electronic", "digest": said["digest"]}
    text = str(bank.get(f"{path}/document"))
    id_number = next(
        part for part in text.replace("，", "\n").replace("：", "\n").split() if len(part) == 18 and part[:17].isdigit()
    )
    return path, id_number, signing, str(said["to_sign"])


@pytest.mark.requirement("EX-03.d")
def test_a_contract_is_signed_by_the_certificate_of_its_customer_and_every_byte_counts(certified: LiveBank) -> None:
    path, id_number, signing, to_sign = offered(certified)
    mark = MINE.sign(to_sign.encode()).hex()
    body = signing | {"serial": "77", "mark": mark}
    assert certified.post(f"{path}/signature", body, 422)["code"] == "CERTIFICATE_UNKNOWN"
    assert certified.post(f"{path}/signature", signing, 422)["code"] == "CERTIFICATE_UNKNOWN"
    for wrong in (certificate(77, id_number, by=OTHER), "no certificate"):
        assert certified.post(f"{path}/certificates", {"certificate": wrong}, 422)["field"] == "certificate"
    strange = certificate(77, "11010519491231002X")
    assert certified.post(f"{path}/certificates", {"certificate": strange}, 422)["code"] == "CERTIFICATE_OWNER"
    certified.post(f"{path}/certificates", {"certificate": certificate(77, id_number)})
    for wrong_mark in (OTHER.sign(to_sign.encode()).hex(), MINE.sign(b"another text").hex(), "", "zz"):
        assert certified.post(f"{path}/signature", body | {"mark": wrong_mark}, 422)["code"] == "MARK_FALSE"
    other = to_sign.partition(":")[0] + ":" + "0" * 64
    false = body | {"digest": "0" * 64, "mark": MINE.sign(other.encode()).hex()}
    assert certified.post(f"{path}/signature", false, 422)["code"] == "DIGEST_DIFFERS"
    certified.post(f"{path}/signature", body)
    assert certified.get(path)["state"] == "archived"
    kept = [rows for name, rows in certified.state("contracts").items() if name.endswith(".signatures")]
    assert mark in [one for rows in kept for one in rows["mark"].tolist()]


@pytest.mark.requirement("EX-03.d")
def test_a_certificate_that_has_expired_or_that_the_authority_revoked_signs_nothing(certified: LiveBank) -> None:
    path, id_number, signing, to_sign = offered(certified)
    body = signing | {"serial": "78", "mark": MINE.sign(to_sign.encode()).hex()}
    certified.post(f"{path}/certificates", {"certificate": certificate(78, id_number)})
    certified.post(f"{path}/certificates", {"certificate": certificate(79, id_number, days=10)})
    assert certified.post(f"{path}/signature", body | {"serial": "79"}, 422)["code"] == "CERTIFICATE_INVALID"
    wrong = {"revocations": revocations(78, by=OTHER), "serial": "78"}
    assert certified.post(f"{path}/revocations", wrong, 422)["field"] == "revocations"
    assert (
        certified.post(f"{path}/revocations", {"revocations": revocations(5), "serial": "78"}, 422)["field"] == "serial"
    )
    certified.post(f"{path}/revocations", {"revocations": revocations(78), "serial": "78"})
    assert certified.post(f"{path}/signature", body, 422)["code"] == "CERTIFICATE_REVOKED"
    assert certified.get(path)["state"] == "generated"


def test_a_bank_that_asks_for_no_certificate_takes_none(bank: LiveBank) -> None:
    path, id_number, signing, to_sign = offered(bank)
    assert (signing["digest"], to_sign) == ("", "")
    for place, said in (
        ("certificates", {"certificate": certificate(77, id_number)}),
        ("revocations", {"revocations": revocations(77), "serial": "77"}),
    ):
        assert "without certificates" in bank.post(f"{path}/{place}", said, 422)["detail_en"]
    assert bank.post(f"{path}/signature", signing | {"serial": "5"}, 422)["field"] == "serial"
    bank.post(f"{path}/signature", signing)
