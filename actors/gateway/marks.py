"""Marks: the bytes of a customer's signature over a contract, proved with the key of a certificate that the bank knows."""

from __future__ import annotations

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from actors.gateway.bank import Bank, branch_with, refusal
from credit.contracts.contract import Refusal, room


def to_sign(text: str, digest: str) -> bytes:
    """What is signed: the digest of the text as it was read, with name and ID number, and that of the contract as the bank holds
    it, which the core compares."""
    return f"{sha256(text.encode()).hexdigest()}:{digest}".encode()


async def prove(bank: Bank, case: int, serial: int, mark: str, message: bytes) -> None:
    """Problem 422 where `mark` is no signature of these bytes by the key of a certificate that the bank knows."""
    found = await bank.look(room.name, branch_with(case=case), "certificates", "serial", serial)
    if not len(found):
        raise refusal(Refusal.CERTIFICATE_UNKNOWN)
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(found["key"][0])))
        key.verify(bytes.fromhex(mark), message)
    except (ValueError, InvalidSignature):
        raise refusal(Refusal.MARK_FALSE) from None
