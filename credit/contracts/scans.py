"""Scans of contracts signed on paper (纸质合同扫描归档, CON-08): each is wanted from its signature on, filed once beside the
electronic text by whoever scanned it, and chased for as long as it is missing. The scan itself is kept by the host, under its
digest; the bank knows pages, size and digest, and who filed it when."""

from __future__ import annotations

import numpy as np

from credit.calendar import add_workdays
from credit.codes import Actor, FileFormat
from credit.contracts.contract import Event, Refusal, ScanWanted
from credit.contracts.states import SignMode
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.room import Rows
from credit.rows import among, only
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

DIGEST_DIGITS = 64


class Scans:
    """The scans of a bank's paper contracts, filed or still to come."""

    def __init__(self, table: Table, workdays: int) -> None:
        """`workdays`: so many after a signature, and after each time that it was chased, a scan is chased as the day ends,
        which is one instant however a day is cut into windows."""
        self.table, self._workdays = table, workdays

    def want(self, contracts: Rows, mode: Ints, at: Ints, out: Outbox) -> None:
        """Contracts were signed: of those on paper a scan is to be filed."""
        paper = mode == SignMode.PAPER
        if not any_of(paper):
            return
        contracts, at = only(contracts, paper), at[paper]
        self._ask(self.table.append(contracts, signed_at=at, due_at=self._later(at)), at, out)

    def take(self, scans: Rows, out: Outbox) -> tuple[Rows, Ints]:
        """Files scans; returns those refused, and why."""
        found = self.table.find(scans["case"])
        known = found >= 0
        known[known] = self.table["scanned_at"][found[known]] == 0
        faults = np.where(known, faults_of(scans), int(Refusal.NO_SCAN_WANTED))
        good = faults == 0
        rows, filed = found[good], scans[good]
        said = {column: filed[column] for column in ("pages", "size", "format", "digest", "person")}
        self.table.put(rows, scanned_at=filed["at"], **said)
        out.log(Event.CONTRACT_SCANNED, filed["at"], filed["case"], actor=filed["person"], value=filed["pages"])
        return scans[~good], faults[~good]

    def end_day(self, until: int, out: Outbox) -> None:
        """What is missing when its day has ended is chased."""
        table, rows = self.table, true_rows(self.missing & (self.table["due_at"] <= until))
        at = np.full(len(rows), until - 1)
        table.add(rows, chases=1)
        out.log(Event.SCAN_CHASED, at, table["case"][rows], actor=Actor.SYSTEM, value=table["chases"][rows])
        table.put(rows, due_at=self._later(at))
        self._ask(rows, at, out)

    @property
    def missing(self) -> Bools:
        """True for contracts that nobody has scanned."""
        return np.asarray(self.table["scanned_at"] == 0)

    def violations(self, until: int) -> list[str]:
        """What is filed is whole, and what is missing was chased in time."""
        table, missing = self.table, self.missing
        wrong = {
            "was filed before its contract was signed": ~missing & (table["scanned_at"] < table["signed_at"]),
            "was filed by nobody": ~missing & (table["person"] <= 0),
            "has no page": ~missing & (table["pages"] <= 0),
            "was not chased in time": missing & (table["due_at"] < until // DAY_MS * DAY_MS),
        }
        return [f"scan of case {case} {what}" for what, bad in wrong.items() for case in table["case"][bad].tolist()]

    def _later(self, at: Ints) -> Ints:
        """The end of the last of so many workdays from a day on."""
        return np.asarray((add_workdays(at // DAY_MS, self._workdays) + 1) * DAY_MS)

    def _ask(self, rows: Ints, at: Ints, out: Outbox) -> None:
        out.send(ScanWanted, ScanWanted.carry(self.table.take(rows), at=at))


def faults_of(scans: Rows) -> Ints:
    """Why scans are not filed: no page, no content, nobody who scanned, or what is no digest; 0 = none."""
    good = (scans["pages"] > 0) & (scans["size"] > 0) & (scans["person"] > 0)
    good &= np.char.str_len(scans["digest"]) == DIGEST_DIGITS
    good &= among(scans["format"], list(FileFormat))
    return np.where(good, 0, int(Refusal.SCAN_FAULTY))
