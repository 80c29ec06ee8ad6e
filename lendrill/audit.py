"""What the command line asks of the operation log of a bank: is it as it was written, and what does it say."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TextIO

from actors.identity.audit import Audit, Entry, Head
from actors.identity.errors import Tampered
from actors.identity.service import FOLDER, LOG, open_audit, open_copies
from credit.times import DAY_MS, day_number
from lendrill import bank_file
from lendrill.errors import UserError

_PAGE = 1_000


def verified(store: Path, anchor: Path | None, head: str | None) -> tuple[bool, str]:
    """Whether the log of a store's folder and its copies of other sites' logs are whole, and a line about each, or about the
    first that is not. `head`: one of the own log, noted before or told by another site's copy of it."""
    _prove_place(store)
    noted = Head.read(head) if head is not None else None
    lines, of = [], ""
    try:
        log = open_audit(store, anchor)
        lines.append(_intact(log, noted))
        for site, copy in open_copies(store).items():
            of = f"the copy of site {site}: "
            lines.append(of + _intact(copy, None))
    except Tampered as error:
        return False, of + error.user_message
    return True, "\n".join(lines)


def _intact(log: Audit, noted: Head | None) -> str:
    found = log.verify(noted)
    log.close()
    return f"intact: {found.number:,} rows, head {found}"


def show(store: Path, form: str, limit: int, wanted: dict[str, Any], file: TextIO | None = None) -> None:
    """Writes the rows that were asked for as a table of tab-separated columns, CSV or JSON lines."""
    if form not in ("text", "csv", "jsonl"):
        raise UserError(f"--format {form}: no such format", "give text, csv or jsonl")
    wanted = wanted | {name: _instant(name, wanted.get(name)) for name in ("since", "until")}
    out = file or sys.stdout
    log = _opened(store)
    rows = _rows(log, limit, wanted)
    if form == "text":
        for row in rows:
            moment = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=row.at)
            who = row.subject or "nobody"
            out.write(
                f"{row.number:>6}  {moment:%Y-%m-%d %H:%M:%S}  {who:<20} {row.ip:<15} {row.method:<6} {row.path}  "
            )
            said = "" if row.parameters == "null" else f"  {row.parameters}"
            out.write(f"{row.status} {row.result}  {row.duration_us / 1000:.1f} ms{said}\n")
    else:
        kind: Literal["csv", "jsonl"] = "csv" if form == "csv" else "jsonl"
        log.export(rows, kind, out)
    log.close()


def count(store: Path, dimension: str, wanted: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Rows by a dimension, and how many of them were refused or failed."""
    wanted = wanted | {name: _instant(name, wanted.get(name)) for name in ("since", "until")}
    log = _opened(store)
    found = log.counts(dimension, **wanted)
    log.close()
    return found


def _prove_place(store: Path) -> None:
    """UserError where no log lies, as the bank is one of several sites and each has a log of its own."""
    if not (store / FOLDER / LOG).exists() and (store / bank_file.BANK_FILE).is_file():
        bank_file.prove_one_site(store, bank_file.read(store))


def _opened(store: Path) -> Audit:
    _prove_place(store)
    try:
        return open_audit(store)
    except Tampered as error:
        raise UserError(error.user_message, f"see lendrill audit verify {store}") from None


def _rows(log: Audit, limit: int, wanted: dict[str, Any]) -> Iterator[Entry]:
    """Page by page, so that a log of any length can be exported."""
    after, left = 0, limit
    while left > 0:
        page = log.find(after=after, limit=min(left, _PAGE), **wanted)
        yield from page
        if len(page) < min(left, _PAGE):
            return
        after, left = page[-1].number, left - len(page)


def _instant(name: str, text: str | None) -> int | None:
    """The beginning of a day (UTC) in ms since 1970."""
    if text is None:
        return None
    try:
        return day_number(dt.date.fromisoformat(text)) * DAY_MS
    except ValueError:
        raise UserError(f"--{name} {text}: no such date", "give a date such as 2026-01-31") from None
