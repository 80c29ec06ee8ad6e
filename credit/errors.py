"""The core's own error: bad input that a person can mend."""

from __future__ import annotations


class CreditError(ValueError):
    """What is wrong, where, and what would be right, in one line. Hosts print `user_message` and exit with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.user_message = message
