"""A small bank's identity services for tests: cheap hashes, and a clock that stands until it is moved."""

from __future__ import annotations

from pathlib import Path

from argon2 import PasswordHasher

from actors.identity.accounts import Account
from actors.identity.passwords import Passwords
from actors.identity.service import Identity
from credit.staff import StaffRegister

START = 1_790_000_000_000
PASSWORD = "Correct-horse-7"
SYSTEM = ("staff:910001", "staff:910002")
APPROVAL = ("staff:930001", "staff:930002")
APPROVER, REVIEWER, OPERATOR = "staff:1010001", "staff:1020001", "staff:1110001"
ID_NUMBER, MOBILE = "110105199003071239", "13812345678"
REGISTER = StaffRegister.of([(1_010_001, 1, 1), (1_020_001, 1, 2), (1_110_001, 1, 11), (40_001, 0, 4)])


class Clock:
    """Gives `now`, in ms since 1970."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def cheap() -> Passwords:
    """Argon2id at its least."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def a_bank(folder: Path, clock: Clock | None = None, first: bool = True) -> Identity:
    """Identity services in a folder, by default with their first accounts."""
    identity = Identity.open(folder, clock or Clock(), passwords=cheap())
    if first:
        identity.first(REGISTER)
    return identity


def settled(identity: Identity, subject: str) -> Account:
    """An account of staff whose first password was changed to `PASSWORD`."""
    first = identity.accounts.first_password(subject)
    return identity.accounts.change_password(subject, first, PASSWORD, identity.clock())


def a_customer(identity: Identity, party: int = 0) -> Account:
    """The account of a customer."""
    return identity.accounts.open_customer(ID_NUMBER, MOBILE, PASSWORD, identity.clock(), party)
