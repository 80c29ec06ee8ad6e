"""Digital certificates over HTTP (数字证书, CON-09): a customer shows his, the authority's list revokes it, and the bytes of a
signature are proved here, at the edge. Whether a certificate may be used for a contract is the core's to say."""

from __future__ import annotations

from typing import Annotated, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from actors.gateway.bank import Bank, bank_of, refusal
from actors.gateway.contracts import Done, Signer, done, pending_of
from actors.gateway.models import Body, CasePath, IdempotencyKey, shown
from actors.gateway.problems import Problem
from actors.gateway.writing import Verbatim
from actors.host import Look
from credit.contracts.contract import CertificateIssued, CertificateRevoked, Refusal

router = APIRouter(prefix="/v1/applications/{case}/contract", tags=["contracts"])
_SERIAL_MAX = 10**18
Pem = Annotated[str, Field(min_length=1, max_length=100_000), Verbatim]


class Showing(Body):
    """An X.509 certificate of the customer's for an Ed25519 key, issued by the bank's authority; its subject's serialNumber is
    his ID number."""

    model_config = shown({"certificate": "-----BEGIN CERTIFICATE-----…"})

    certificate: Pem


class Revoking(Body):
    """The authority's revocation list, and the serial number of the certificate that is on it."""

    model_config = shown({"revocations": "-----BEGIN X509 CRL-----…", "serial": "4711"})

    revocations: Pem
    serial: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}$")]


@router.post("/certificates", summary="Show a certificate to sign by", response_model=Done)
async def show(
    case: CasePath,
    said: Showing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Signer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The authority's signature, the key and whose it is are proved; then contracts can be signed by it."""
    del key
    number = await bank.known_case(case)
    rows = await pending_of(bank, number)
    if not len(rows):
        raise refusal(Refusal.CONTRACT_STATE)
    try:
        shown_ = x509.load_pem_x509_certificate(said.certificate.encode())
        shown_.verify_directly_issued_by(_authority(bank))
        public = shown_.public_key()
    except (ValueError, TypeError, InvalidSignature):
        raise _unfit("certificate", "none that the bank's authority has issued") from None
    if not isinstance(public, Ed25519PublicKey) or not shown_.serial_number < _SERIAL_MAX:
        raise _unfit("certificate", "needs an Ed25519 key and a serial number below 10¹⁸")
    [customer] = await bank.looks(
        bank.cells("customers")[0], Look("customers", "customer", (int(rows["customer"][0]),))
    )
    [texts] = await bank.looks(bank.cells("customers")[0], Look("texts", "case", (int(customer["texts"][0]),)))
    owners = [one.value for one in shown_.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
    if owners != [bank.rooms.identity(customer, texts).id_number]:
        raise refusal(Refusal.CERTIFICATE_OWNER)
    about = {
        "customer": int(rows["customer"][0]),
        "serial": shown_.serial_number,
        "valid_from": int(shown_.not_valid_before_utc.timestamp() * 1_000),
        "valid_until": int(shown_.not_valid_after_utc.timestamp() * 1_000),
        "key": public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
    }
    return await done(bank, request, caller, CertificateIssued, number, about)


@router.post("/revocations", summary="Have a certificate revoked", response_model=Done)
async def revoke(
    case: CasePath,
    said: Revoking,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Signer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """By a list that the authority has signed, so it matters not who brings it."""
    del key
    number = await bank.known_case(case)
    try:
        found = x509.load_pem_x509_crl(said.revocations.encode())
        good = found.is_signature_valid(_authority(bank).public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError):
        good = False
    if not good:
        raise _unfit("revocations", "no list of the bank's authority")
    if found.get_revoked_certificate_by_serial_number(int(said.serial)) is None:
        raise _unfit("serial", "is not on the list")
    return await done(bank, request, caller, CertificateRevoked, number, {"serial": int(said.serial)})


def _authority(bank: Bank) -> x509.Certificate:
    """Problem 422 of a bank whose contracts are signed without certificates."""
    if not bank.rooms.authority:
        raise Problem(
            422,
            "Refused",
            "contracts of this bank are signed without certificates; leave it out",
            detail_zh="本行合同签署无需数字证书",
        )
    return x509.load_pem_x509_certificate(bank.rooms.authority.encode())


def _unfit(field: str, what: str) -> Problem:
    return Problem(422, "Unfit", f"{field}: {what}", field=field, detail_zh="数字证书或吊销列表无效，请核对")
