"""A small operation log for tests, and how somebody tampers with it who gets round the bank."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from actors.identity.audit import Audit, Deed
from actors.identity.keys import Keys
from actors.identity.service import LOG
from tests.actors.identity.builders import START, a_bank

ROWS = 6
FROM_3 = (
    "at, kind, subject, person, branch, ip, signed_in_at, method, path, entity, parameters, status, result, duration_us, "
    "request, seal FROM log WHERE number = 3"
)


def deed(**changes: Any) -> Deed:
    plain = {
        "kind": "staff",
        "subject": "staff:1010001",
        "ip": "10.0.0.7",
        "method": "POST",
        "path": "/tasks/claim",
        "status": 200,
    }
    return Deed(
        **{"at": START, "person": 1_010_001, "branch": 1, "signed_in_at": START - 5, "duration_us": 900}
        | plain
        | changes
    )


def opened(store: Path) -> Audit:
    return Audit(store / "identity" / LOG, store / "audit.head", Keys.open(store / "identity"))


def tamper(store: Path, *statements: str, guarded: bool = False) -> None:
    """Does something to the file as somebody would who gets round the bank: without its triggers, which he puts back."""
    with closing(sqlite3.connect(store / "identity" / LOG)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in () if guarded else triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, text in () if guarded else triggers:
            connection.execute(text)
        connection.commit()


def written(folder: Path) -> Path:
    """A store's folder whose log has six rows, closed."""
    bank = a_bank(folder, first=False)
    bank.audit.append([deed(at=START + number, parameters={"n": number}) for number in range(ROWS)])
    bank.close()
    return folder
