"""What is left when a drill is over: each site's bank worked again from its own day book, and every request that a client was
told yes to looked for in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.book.store import StoreError
from actors.gateway.bank import number_of_key
from actors.replay import Diverged
from credit.applications.contract import SubmitApplication
from credit.codes import Partner
from credit.room import Rows
from credit.stage import WindowResult
from credit.subsystem import Window
from credit.times import text_of
from lendrill.live import Again, worked_again

CALLER = "system:load"
"""The client that hands in all applications."""


class _Struck:
    """Counts the calls that an outage or a slowness befell, by partner, as cells tell them while a bank is worked again."""

    def __init__(self, partners: Iterable[str]) -> None:
        self.calls = dict.fromkeys(partners, 0)

    def record(self, window: Window, outcome: WindowResult, statistics: dict[str, Rows]) -> None:
        """One window's."""
        del window, outcome
        self.close(statistics)

    def close(self, statistics: dict[str, Rows]) -> None:
        """The last ones."""
        if (rows := statistics.get("partners")) is not None:
            for name in self.calls:
                self.calls[name] += int(rows["struck"][rows["partner"] == Partner[name.upper()]].sum())


def proved(
    folder: Path, home: Path, sites: list[str], leader: str, partners: Sequence[str], tell: Callable[[str], object]
) -> dict[str, Any]:
    """What `final.json` says of the books; the leader's is the bank. `partners`: those that something befell."""
    struck = _Struck(partners)
    found: dict[str, Any] = {"sites": {}}
    again_of: dict[str, Again] = {}
    for name in sites:
        tell(f"Working {name} again from its day book …")
        try:
            again = again_of[name] = worked_again(
                home / "sites" / name, sink=struck if partners and name == leader else None
            )
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
                "worked_until": text_of(told.until),
                "trial_balance_fen": again.trial_balance_fen, "postings": again.postings,
                "book": {"loans": again.loans, "principal_fen": again.principal_fen},
                "ledger": {"principal_fen": again.ledger_principal_fen},
                "struck": struck.calls,
            }  # fmt: skip
    return found | requests_in(folder, again_of[leader].cases if leader in again_of else {})


def requests_in(folder: Path, cases: Mapping[int, Sequence[int]]) -> dict[str, Any]:
    """Which of the requests that clients were told yes to a bank holds: not under the number that they were told (lost), or more
    than once (doubled). `cases`: its cases by the number of the request."""
    acknowledged: dict[str, set[int]] = {}
    tries: Counter[str] = Counter()
    with (folder / "requests.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if one["written"]:
                tries[one["id"]] += 1
                if one["outcome"] == "acknowledged":
                    acknowledged.setdefault(one["id"], set()).add(one["case"])
    held = {name: list(cases.get(number_of_key(CALLER, SubmitApplication.room, name), ())) for name in acknowledged}
    lost = sorted(name for name, told in acknowledged.items() if not told & set(held[name]))
    return {
        "acknowledged": len(acknowledged),
        "held": len(acknowledged) - len(lost),
        "lost": lost,
        "doubled": sorted(name for name, told in acknowledged.items() if len(held[name]) > 1 or len(told) > 1),
        "customers_touched": sum(count > 1 for count in tries.values()),
    }
