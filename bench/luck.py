"""How many applications' luck moves when the world changes a little: ``python -m bench.luck [customers] [days]``. One small bank
is run as it is and with one branch more, one customer more, another branch's weight, another repeat share, shorter windows; then
those are counted whose fate differs (as `results.compare` tells fates), that come at another time, and that go to another branch.
What should move is whom the change touches; the rest is contention for the same desks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from actors.local import LocalExecutor
from actors.topology import Flow
from lendrill.run import execute
from results import folder
from results.compare import compare
from results.sql import tables_of
from scenarios.loading import load_scenario

BRANCHES = 8
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "one branch more": {"bank.branches": BRANCHES + 1},
    "one customer more": {},
    "a branch's weight": {"bank.branch_weights_ppm": [1_500_000] + [1_000_000] * (BRANCHES - 1)},
    "repeat share 60,000 to 90,000": {"population.repeat_ppm": 90_000},
    "windows of an hour": {"run.window": "hour"},
    "windows of five minutes": {"run.window": "5min"},
}
_CAME = (
    "SELECT value AS who, MIN(ts) AS came, MIN(case_no) // 1_000_000_000 AS branch FROM {events} "
    "WHERE event = 'application_submitted' GROUP BY value"
)


def main() -> None:
    """Runs, compares and prints one line a change."""
    customers, days = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 600), (2, 60)))
    with tempfile.TemporaryDirectory() as place:
        for number, (name, changes) in enumerate(CHANGES.items()):
            more = customers + (name == "one customer more")
            scenario = load_scenario("baseline", {"run.customers": more, "run.days": days} | changes)
            path = Path(place) / str(number)
            folder.create(path)
            execute(scenario, Flow(1), LocalExecutor(), path, None, check_every_window=False)
            print(name, _moved(Path(place) / "0", path), flush=True)


def _moved(first: Path, second: Path) -> str:
    found = compare(first, second)
    fates = found.paired - sum(found.fates[fate][fate] for fate in found.fates)
    with duckdb.connect() as connection:
        one, two = (_CAME.format(events=tables_of(path)["events"]) for path in (first, second))
        query = f"SELECT SUM((a.came <> b.came)::INT), SUM((a.branch <> b.branch)::INT) FROM ({one}) a JOIN ({two}) b USING (who)"
        times, branches = connection.execute(query).fetchall()[0]
    paid_out = sum(sum(found.fates[fate].values()) for fate in ("paid out", "was overdue", "non-performing"))
    return (
        f"{fates} fates, {times} arrival times, {branches} branches of {found.paired} differ; {paid_out} were paid out"
    )


if __name__ == "__main__":
    main()
