"""Requests have answers. A command from outside carries its caller's request number; the bank answers it exactly once:
accepted, with the number of the case or loan it is about, or refused, with the reason (which names the field). A number that
comes again gets the first answer and does nothing, so a caller who heard nothing may ask again: no payment is taken twice.

The answered numbers are state. They are kept for `KEPT_MS`; a number that comes back later is a new request. Rows with request
number 0 come from callers who don't listen: they are done, and not answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.mail import ANSWER_DTYPE, Inbox, Outbox
from credit.numbers import branch_of
from credit.room import Rows
from credit.rows import firsts, joined
from credit.table import Table
from credit.times import DAY_MS, Ints

KEPT_MS = 7 * DAY_MS
_ABOUT = np.dtype([(name, "i8") for name in "request at number reason branch".split()])
_NOTHING = np.zeros(0, dtype=_ABOUT)
_NO_ANSWERS = np.zeros(0, dtype=ANSWER_DTYPE)


class Admitted(NamedTuple):
    """Mail sorted at the door: what is to be done, the requests among it, and the requests that came before."""

    inbox: Inbox
    new: Rows
    again: Rows


class Requests:
    """The answered requests of one room."""

    def __init__(self) -> None:
        self.table = Table("request at number reason branch", "request")

    def admit(self, inbox: Inbox) -> Admitted:
        """Takes repeated requests out of the mail."""
        if not any(kind.command for kind, _ in inbox):
            return Admitted(inbox, _NOTHING, _NOTHING)
        kept: dict[int, Rows] = {}
        new, again = [_NOTHING], [_NOTHING]
        for kind, rows in inbox:
            kept[kind.number] = rows
            if kind.command and bool(rows["request"].any()):
                request = rows["request"]
                known = (self.table.find(request) >= 0) | np.isin(request, joined(new)["request"])
                fresh = (request == 0) | (firsts(request) & ~known)
                kept[kind.number] = rows if bool(fresh.all()) else rows[fresh]
                about = _about(kind.key, rows)
                new.append(about[fresh & (request != 0)])
                again.append(about[~fresh])
        left = Inbox({number: rows for number, rows in kept.items() if len(rows)})
        return Admitted(left, joined(new), joined(again))

    def answer(self, admitted: Admitted, out: Outbox) -> Rows:
        """The answers, after the room has done what was admitted: what it said of each new request, acceptance where it said
        nothing, and to the repeated ones the first answer once more."""
        answers, said = admitted.new, out.take_answers()
        if not len(answers) and not len(admitted.again):
            return _NO_ANSWERS
        if len(said) and len(answers):
            order = np.argsort(answers["request"])
            place = np.minimum(np.searchsorted(answers["request"], said["request"], sorter=order), len(answers) - 1)
            mine = answers["request"][order[place]] == said["request"]
            for name in ANSWER_DTYPE.names or ():
                answers[name][order[place[mine]]] = said[name][mine]
        self.table.append(answers)
        again = admitted.again
        first = self.table.find(again["request"])
        again["number"], again["reason"] = self.table.get("number", first), self.table.get("reason", first)
        given = np.zeros(len(answers) + len(again), dtype=ANSWER_DTYPE)
        for name in ANSWER_DTYPE.names or ():
            given[name][: len(answers)], given[name][len(answers) :] = answers[name], again[name]
        return given

    def forget(self, until: int) -> None:
        """Drops what was answered long before an instant."""
        self.table.keep(np.asarray(self.table["at"] >= until - KEPT_MS))


def _about(key: str, rows: Rows) -> Rows:
    about = np.zeros(len(rows), dtype=_ABOUT)
    for name, values in (("request", rows["request"]), ("at", rows["at"]), ("number", rows[key])):
        about[name] = values
    branch: Ints = branch_of(rows)
    about["branch"] = branch
    return about
