"""The core's own errors: bad input that a person can mend, and a broken promise."""

from __future__ import annotations


class CreditError(ValueError):
    """What is wrong, where, and what would be right, in one line. Hosts print `user_message` and exit with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.user_message = message


class InvariantViolation(Exception):
    """A promise about money or order is broken. The run stops; the message names the loan or case, the window, the seed."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.user_message = f"invariant violated: {what}"
