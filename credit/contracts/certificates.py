"""Digital certificates (数字证书) by which customers sign electronic contracts (CON-09, EX-03): issued to a customer by a
certificate authority, valid for a time, revoked if need be. The host proves the bytes of a signature; whether its certificate
may be used, whose it is, and whether the contract as offered is what was signed, is decided here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from credit.codes import Actor
from credit.contracts.contract import Event, Refusal
from credit.contracts.states import SignMode
from credit.mail import Outbox
from credit.masks import any_of
from credit.room import Rows
from credit.rows import first_fault, only
from credit.table import Table
from credit.times import Bools, Ints

Digests = Callable[[Rows], npt.NDArray[np.str_]]
"""The digests of contracts as they are offered."""


class Certificates:
    """The certificates of a bank's customers, and the signatures made with them, for good."""

    def __init__(self, table: Table, signatures: Table, needed: bool, digests: Digests) -> None:
        """`needed`: an electronic signature is by certificate."""
        self._table, self._signatures, self._needed, self._digests = table, signatures, needed, digests

    def offered(self, contracts: Rows) -> npt.NDArray[np.str_]:
        """What is to be signed of contracts by certificate; no text of those that are signed otherwise."""
        found = np.zeros(len(contracts), dtype="U64")
        mine = (contracts["mode"] == SignMode.ELECTRONIC) & self._needed
        found[mine] = self._digests(contracts[mine])
        return found

    def issue(self, issued: Rows, out: Outbox) -> Rows:
        """Certificates that the authority has issued; returns those that are none."""
        good = (issued["serial"] > 0) & (issued["customer"] > 0) & (issued["valid_until"] > issued["valid_from"])
        good &= self._table.find(issued["serial"]) < 0
        taken = only(issued, good)
        self._table.append(taken)
        self._tell(Event.CERTIFICATE_ISSUED, taken, out)
        return only(issued, ~good)

    def revoke(self, revoked: Rows, out: Outbox) -> Rows:
        """Certificates that the authority has revoked; returns those that it had not issued, or revoked before."""
        found = self._table.find(revoked["serial"])
        good = (found >= 0) & (self._table.get("revoked_at", found) == 0)
        taken = only(revoked, good)
        self._table.put(found[good], revoked_at=taken["at"])
        self._tell(Event.CERTIFICATE_REVOKED, taken, out)
        return only(revoked, ~good)

    def faults(self, signatures: Rows, contracts: Rows) -> Ints:
        """Why signatures by certificate do not hold; 0 = none. Those of other modes need none."""
        mine = self._by_certificate(signatures)
        faults = np.zeros(len(signatures), dtype=np.int64)
        if any_of(mine):
            faults[mine] = self._faults(signatures[mine], contracts[mine])
        return faults

    def _faults(self, signatures: Rows, contracts: Rows) -> Ints:
        found = self._table.find(signatures["serial"])
        at = signatures["at"]
        valid = (self._table.get("valid_from", found) <= at) & (at < self._table.get("valid_until", found))
        return first_fault(
            (found < 0, Refusal.CERTIFICATE_UNKNOWN),
            (self._table.get("customer", found) != contracts["customer"], Refusal.CERTIFICATE_OWNER),
            (self._table.get("revoked_at", found) > 0, Refusal.CERTIFICATE_REVOKED),
            (~valid, Refusal.CERTIFICATE_INVALID),
            (signatures["digest"] != self._digests(contracts), Refusal.DIGEST_DIFFERS),
        )

    def keep(self, signatures: Rows, out: Outbox) -> Rows:
        """Signatures that hold: what was signed, by which certificate, with which mark; returns them."""
        made = only(signatures, self._by_certificate(signatures))
        self._signatures.append(made, signed_at=made["at"])
        self._tell(Event.CERTIFICATE_VERIFIED, made, out)
        return made

    def violations(self, made: Rows) -> list[str]:
        """Each of some signatures that were kept is by a certificate that was valid then."""
        found = self._table.find(made["serial"])
        at, revoked_at = made["at"], self._table.get("revoked_at", found)
        good = (
            (found >= 0) & (self._table.get("valid_from", found) <= at) & (at < self._table.get("valid_until", found))
        )
        good &= (revoked_at == 0) | (revoked_at >= at)
        return [f"contract of case {case} was signed by no valid certificate" for case in made["case"][~good].tolist()]

    def _by_certificate(self, signatures: Rows) -> Bools:
        return np.asarray((signatures["mode"] == SignMode.ELECTRONIC) & self._needed)

    def _tell(self, event: Event, rows: Rows, out: Outbox) -> None:
        out.log(event, rows["at"], rows["case"], actor=Actor.SYSTEM, value=rows["serial"])
