"""How long a live bank keeps its customers waiting when a part of it is killed under load, with as many loans as its portfolio
has, beside what a PostgreSQL server does in the same run. Whatever `lendrill serve` takes may follow; with `--executor ray`
stages are killed too.

    python -m bench.kills 10 --executor local --seed-portfolio 18200"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from bench.peer import peer
from tests.live.callers import killed
from tests.live.served import served

_SEEDING_S = 1_800.0
_ROWS = 100_000
"""Of the peer."""


def main(kills: int, *options: str) -> None:
    """So many kills of each part, in turn."""
    parts = ["conductor", "gateway", *(["ray::StageActor"] if "ray" in options else [])]
    with (
        tempfile.TemporaryDirectory() as folder,
        served(home := Path(folder) / "bank", "--clock", "business", *options, opens_s=_SEEDING_S) as bank,
    ):
        print(f"opened in {bank.opened_s:.1f} s, seeding included", flush=True)
        print(killed(bank, parts * kills, apart=True).told())
        for line in (home / "log" / "conductor.jsonl").read_text(encoding="utf-8").splitlines():
            if "opened" in (said := json.loads(line)).get("message", ""):
                print(said["message"])
    print(peer(kills, _ROWS), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
