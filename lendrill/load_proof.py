"""What a bank's books prove after a load test: the day book worked again gives the same digests (`lendrill replay`), where the
bank's home is on this machine, and the trial balance (试算平衡) is 0: of the bank worked again, or else as `/metrics` told it at
the last end of day."""

from __future__ import annotations

from pathlib import Path

from actors.replay import Diverged
from lendrill.live import worked_again
from lendrill.load_judge import Proof
from lendrill.load_watch import trial_balance


def proved(home: Path | None, host: str) -> Proof:
    """The books of the bank that listens there, whose home may be known. UserError where that is no bank's home."""
    if home is None:
        told = trial_balance(host)
        return Proof() if told is None else Proof(*told)
    try:
        again = worked_again(home)
    except Diverged as error:
        return Proof(equal=False, why=str(error))
    found = again.replayed
    return Proof(again.trial_balance_fen, again.postings, True if found.compared else None, found.windows)
