"""What is left when a drill is over: each site's bank worked again from its own day book, and every request that a client was
told yes to looked for in it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from actors.book.store import StoreError
from actors.replay import Diverged
from lendrill.live import TRAIL, worked_again

_SUBMITTED = 101
"""The event that a case begins with."""


def proved(folder: Path, home: Path, sites: list[str], leader: str, tell: Callable[[str], object]) -> dict[str, Any]:
    """What `final.json` says of the books; the leader's is the bank."""
    found: dict[str, Any] = {"sites": {}}
    for name in sites:
        tell(f"Working {name} again from its day book …")
        try:
            again = worked_again(home / "sites" / name)
        except (StoreError, Diverged) as error:
            found["sites"][name] = {
                "replayed": False,
                "why": error.user_message,
                "windows": 0,
                "chain": "",
                "compared": 0,
            }
            continue
        told = again.replayed
        found["sites"][name] = {
            "replayed": True, "windows": told.windows, "chain": told.chain, "compared": told.compared, "seal": told.seal,
        }  # fmt: skip
        if name == leader:
            found |= {
                "trial_balance_fen": again.trial_balance_fen, "postings": again.postings,
                "book": {"loans": again.loans, "principal_fen": again.principal_fen},
                "ledger": {"principal_fen": again.ledger_principal_fen},
            }  # fmt: skip
    return found | requests_in(folder, home / "sites" / leader)


def requests_in(folder: Path, home: Path) -> dict[str, Any]:
    """Which of the requests that clients were told yes to the bank of a home holds: not at all (lost), or twice (doubled)."""
    acknowledged: dict[str, set[int]] = {}
    tries: Counter[str] = Counter()
    with (folder / "requests.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if one["written"]:
                tries[one["id"]] += 1
                if one["outcome"] == "acknowledged":
                    acknowledged.setdefault(one["id"], set()).add(one["case"])
    with closing(sqlite3.connect(f"file:{home / TRAIL}?mode=ro", uri=True)) as trail:
        held = Counter(case for (case,) in trail.execute('SELECT "case" FROM events WHERE event = ?', (_SUBMITTED,)))
    owners = Counter(case for cases in acknowledged.values() for case in cases)
    doubled = [
        name
        for name, cases in acknowledged.items()
        if len(cases) > 1 or any(owners[one] > 1 or held[one] > 1 for one in cases)
    ]
    return {
        "acknowledged": len(acknowledged),
        "held": sum(any(case in held for case in cases) for cases in acknowledged.values()),
        "lost": sorted(name for name, cases in acknowledged.items() if not any(case in held for case in cases)),
        "doubled": sorted(doubled),
        "customers_touched": sum(count > 1 for count in tries.values()),
    }
