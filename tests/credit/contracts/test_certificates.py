"""Signatures by digital certificate: only by a valid one of the customer's own, and only of the contract as it was offered."""

from __future__ import annotations

from typing import Any

import pytest

from credit.contracts import certificates
from credit.contracts.contract import (
    ApplicationApproved,
    CertificateIssued,
    CertificateRevoked,
    ContractOffered,
    ContractReturned,
    Event,
    Refusal,
)
from credit.contracts.states import SignMode
from credit.contracts.subsystem import ContractsSubsystem
from credit.disbursement.contract import ContractEffective
from credit.room import Kind, Rows
from credit.subsystem import Setting
from credit.times import HOUR_MS
from tests.credit.contracts.test_contracts import (
    CASE,
    NINE,
    approved,
    checked,
    handled,
    refusals,
    run,
    signed,
    unchecked,
)
from tests.rows import sample

SERIAL = 4711
AT = NINE + HOUR_MS
BY = {"serial": SERIAL, "mark": "ab" * 64}


def issued(at: int = NINE + 2, **columns: Any) -> tuple[Kind, Rows]:
    facts = {"customer": CASE, "serial": SERIAL, "valid_from": NINE + 2, "valid_until": AT + 1, "key": "cd" * 32}
    return CertificateIssued, sample(CertificateIssued, 1, at=at, case=CASE, **(facts | columns))


def revoked(at: int, serial: int = SERIAL) -> tuple[Kind, Rows]:
    return CertificateRevoked, sample(CertificateRevoked, 1, at=at, case=CASE, serial=serial)


def certified(**columns: Any) -> tuple[ContractsSubsystem, str]:
    """A bank that asks for certificates, and the digest of the contract that it offers."""
    desk = ContractsSubsystem.build(Setting({"contracts": {"certified": True}}))
    out = run(desk, (ApplicationApproved, approved(**columns)), until=NINE + 1)
    [offer] = out.take(ContractOffered)
    return desk, str(offer["digest"])


@pytest.mark.requirement("EX-03.d")
def test_a_signature_by_a_valid_certificate_is_verified_and_kept_with_what_was_signed() -> None:
    desk, digest = certified()
    assert len(digest) == 64
    out = run(desk, issued(), signed(AT, digest=digest, **BY), start=NINE + 1)
    assert len(out.take(ContractEffective)) == 1
    [told] = out.events_of(Event.CERTIFICATE_VERIFIED)
    assert (told["case"], told["at"], told["value"]) == (CASE, AT, SERIAL)
    [kept] = desk.export_state()["signatures"][["case", "serial", "signed_at", "digest", "mark"]].tolist()
    assert kept == (CASE, SERIAL, AT, digest, BY["mark"])


@pytest.mark.requirement("EX-03.d")
@pytest.mark.parametrize(
    ("certificate", "signature", "reason"),
    [
        ({}, {"serial": SERIAL + 1}, Refusal.CERTIFICATE_UNKNOWN),
        ({}, {"serial": 0}, Refusal.CERTIFICATE_UNKNOWN),
        ({"customer": CASE + 1}, {}, Refusal.CERTIFICATE_OWNER),
        ({"valid_until": AT}, {}, Refusal.CERTIFICATE_INVALID),
        ({"valid_from": AT + 1, "valid_until": AT + 2}, {}, Refusal.CERTIFICATE_INVALID),
        ({}, {"digest": "0" * 64}, Refusal.DIGEST_DIFFERS),
        ({}, {"digest": ""}, Refusal.DIGEST_DIFFERS),
    ],
)
def test_each_signature_that_does_not_hold_is_refused_with_a_reason_of_its_own(
    certificate: dict[str, Any], signature: dict[str, Any], reason: Refusal
) -> None:
    desk, digest = certified()
    out = run(desk, issued(**certificate), signed(AT, **({"digest": digest} | BY | signature)), start=NINE + 1)
    assert refusals(out) == [reason]
    assert len(out.take(ContractEffective)) == 0
    assert len(desk.export_state()["signatures"]) == 0


@pytest.mark.requirement("EX-03.d")
@pytest.mark.parametrize("revoked_at", [AT - 1, AT + 1])
def test_a_certificate_counts_until_it_is_revoked(revoked_at: int) -> None:
    desk, digest = certified()
    out = run(desk, issued(), revoked(revoked_at), signed(AT, digest=digest, **BY), start=NINE + 1)
    assert refusals(out) == [Refusal.CERTIFICATE_REVOKED] * (revoked_at < AT)
    assert len(out.take(ContractEffective)) == (revoked_at > AT)


@pytest.mark.requirement("EX-03.d")
def test_a_contract_generated_anew_has_another_digest_and_the_old_one_is_signed_no_more() -> None:
    desk, digest = certified()
    out = run(desk, issued(), handled(ContractReturned, NINE + 4), start=NINE + 1, until=NINE + 5)
    [anew] = out.take(ContractOffered)["digest"].tolist()
    assert anew != digest
    out = run(desk, signed(AT, attempt=2, digest=digest, **BY), start=NINE + 5, until=AT + 1)
    assert refusals(out) == [Refusal.DIGEST_DIFFERS]
    assert certified(rate_ppm=60_001)[1] != digest
    assert certified()[1] == digest


@pytest.mark.requirement("EX-03.d")
def test_certificates_are_issued_once_to_somebody_and_revoked_once() -> None:
    desk, _ = certified()
    wrong = [issued(NINE + 4, serial=0), issued(NINE + 5, customer=0), issued(NINE + 6, valid_until=NINE + 2)]
    out = run(desk, issued(), issued(NINE + 3), *wrong, start=NINE + 1, until=NINE + 7)
    assert refusals(out) == [Refusal.CERTIFICATE_FAULTY] * 4
    assert len(out.events_of(Event.CERTIFICATE_ISSUED)) == 1
    out = run(desk, revoked(NINE + 7), revoked(NINE + 8), revoked(NINE + 9, SERIAL + 1), start=NINE + 7)
    assert refusals(out) == [Refusal.CERTIFICATE_FAULTY] * 2
    assert len(out.events_of(Event.CERTIFICATE_REVOKED)) == 1


@pytest.mark.requirement("EX-03.d")
def test_paper_needs_no_certificate_and_nor_does_a_bank_that_asks_for_none() -> None:
    desk, _ = certified()
    out = run(desk, checked(NINE + 2), signed(AT, mode=SignMode.PAPER), start=NINE + 1)
    assert len(out.take(ContractEffective)) == 1
    plain = ContractsSubsystem.build()
    out = run(plain, (ApplicationApproved, approved()), signed(AT))
    assert out.take(ContractOffered)["digest"].tolist() == [""]
    assert len(out.take(ContractEffective)) == 1


@pytest.mark.planted
def test_planted_signature_by_a_certificate_that_has_expired_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, digest = certified()
    monkeypatch.setattr(certificates.Certificates, "faults", lambda self, signatures, contracts: 0 * contracts["case"])
    found = unchecked(desk, issued(valid_until=AT), signed(AT, digest=digest, **BY), start=NINE + 1)
    assert found == [f"contract of case {CASE} was signed by no valid certificate"]
