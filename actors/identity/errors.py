"""What can be wrong with keys, accounts, tokens and logs, each in one line that a person can act upon."""

from __future__ import annotations

from credit.errors import CreditError


class IdentityError(CreditError):
    """A request, a file or a setting that does not hold."""


class KeysExposed(IdentityError):
    """A folder or file with secrets that others may read."""


class WrongKey(IdentityError):
    """What was sealed with another key."""


class Damaged(IdentityError):
    """What was read is not what was sealed, or was sealed for another place."""


class SignInRefused(IdentityError):
    """No such name, or not its password: nobody is told which (SEC-07)."""


class AccountLocked(SignInRefused):
    """Too many wrong passwords. `until`: when the lock ends, in ms since 1970 UTC."""

    def __init__(self, message: str, until: int) -> None:
        super().__init__(message)
        self.until = until


class WeakPassword(IdentityError):
    """A new password that breaks the rules."""


class NotAllowed(IdentityError):
    """A change that needs another person or a higher tier (SEC-05, SEC-06)."""


class TokenRefused(IdentityError):
    """A token that is forged, expired, revoked or meant for somebody else."""


class Tampered(IdentityError):
    """The operation log is not what was written. `row`: the first number that is wrong."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row
