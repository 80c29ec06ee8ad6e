"""Why a live bank does not do now what it is asked."""

from __future__ import annotations

from credit.errors import CreditError


class Busy(CreditError):
    """Too much is waiting; come again later."""


class Closing(CreditError):
    """The bank is closing and takes nothing more."""


class DayOver(CreditError):
    """The business date has run out: nothing more happens on it."""
