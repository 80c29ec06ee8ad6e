"""The general ledger (总账): double entry, proved against every loan in every window and balanced at each day's end."""

from credit.ledger.subsystem import CLOSING_DTYPE, LedgerSubsystem

__all__ = ["CLOSING_DTYPE", "LedgerSubsystem"]
