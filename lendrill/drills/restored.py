"""The last part of a drill of backups: copies and their key are carried away, and a bank is made of them alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from actors.backup.places import FOLDER
from lendrill.backups import key_file
from lendrill.drills.proof import CALLER, requests_in
from lendrill.errors import UserError
from lendrill.live import Home, worked_again
from scenarios.drill import Restore

BACKUP = "backup"
"""The event of the last backup."""


def back_up(home: Path) -> None:
    """A backup now, as one is made every hour. UserError where it can't be."""
    made = subprocess.run(
        [sys.executable, "-m", "lendrill", "backup", str(home)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise UserError(f"{home}: no backup could be made: {(made.stdout + made.stderr).strip().splitlines()[-1:]}")


def restored(folder: Path, home: Path, asked: Restore) -> dict[str, Any]:
    """A bank restored from what was carried away of `home`, beside the bank that was: whether they are the same up to where the
    backup goes, and which acknowledged requests are lost, each with the moment at which it was acknowledged."""
    away, new = folder / "carried away", folder / "restored"
    shutil.copytree(home / FOLDER, away)
    key = shutil.copy2(key_file(home), folder / "backup.key")
    told = _told(folder)
    requests = folder / "acknowledged.txt"
    requests.write_text("".join(f"{CALLER} {name}\n" for name in told), encoding="utf-8")
    began = time.perf_counter()
    words = ["restore", str(away), "--home", str(new), "--key", str(key), "--requests", str(requests)]
    try:
        made = subprocess.run([sys.executable, "-m", "lendrill", *words], capture_output=True, text=True, check=False)
    finally:
        Path(key).unlink()  # which is not to lie beside what it opens
    took_s = time.perf_counter() - began
    (folder / "restore.log").write_text(made.stdout + made.stderr, encoding="utf-8")
    if not new.is_dir():
        return {
            "site": asked.site,
            "why": (made.stderr.strip().splitlines() or ["it said nothing"])[-1],
            "equal": False,
        }
    again = worked_again(new)
    store = Home(home).store()
    try:
        number = Home(new).store().standing().number
        equal = store.seal_before(number).hex() == again.replayed.seal
    finally:
        store.close()
    lost = requests_in(folder, again.cases)["lost"]
    return {
        "site": asked.site, "windows": number, "seal": again.replayed.seal, "chain": again.replayed.chain, "equal": equal,
        "trial_balance_fen": again.trial_balance_fen, "took_s": round(took_s, 3), "exit_code": made.returncode,
        "named": sorted(name for name in lost if name in made.stdout), "backed_up_s": _backed_up(folder),
        "lost": [{"id": name, "acknowledged_s": told[name]} for name in lost],
    }  # fmt: skip


def _told(folder: Path) -> dict[str, float]:
    """When each request was acknowledged first."""
    found: dict[str, float] = {}
    with (folder / "requests.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if one["written"] and one["outcome"] == "acknowledged":
                found[one["id"]] = min(one["done"], found.get(one["id"], one["done"]))
    return found


def _backed_up(folder: Path) -> float | None:
    """When the last backup was begun, at the latest."""
    with (folder / "events.jsonl").open(encoding="utf-8") as lines:
        times = [one["t"] for one in map(json.loads, lines) if one["what"] == BACKUP]
    return float(times[-1]) if times else None
