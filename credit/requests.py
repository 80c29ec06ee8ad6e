"""Requests have answers. A command from outside carries its caller's request number; the bank answers it exactly once:
accepted, with the number of the case or loan it is about, or refused, with the reason (which names the field). A number that
comes again gets the first answer and does nothing, so a caller who heard nothing may ask again: no payment is taken twice. One
that comes again with something else in it is refused: it is another request, and the first answer is not its own.

A number is its branch's own: what another branch numbers alike is another request.

The answered numbers are state. They are kept for `KEPT_MS`; a number that comes back later is a new request. Rows with request
number 0 come from callers who don't listen: they are done, and not answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.digest import row_hashes
from credit.mail import ANSWER_DTYPE, Inbox, Outbox
from credit.numbers import branch_of
from credit.room import Kind, RequestRefusal, Rows
from credit.rows import firsts, joined
from credit.table import Table
from credit.times import DAY_MS, Ints

KEPT_MS = 7 * DAY_MS
_FIELDS = "key request at number reason branch content"
_ABOUT = np.dtype([(name, "i8") for name in _FIELDS.split()])
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
        self.table = Table(_FIELDS, "key")

    def admit(self, inbox: Inbox) -> Admitted:
        """Takes repeated requests out of the mail."""
        if not any(kind.command for kind, _ in inbox):
            return Admitted(inbox, _NOTHING, _NOTHING)
        kept: dict[int, Rows] = {}
        new, again = [_NOTHING], [_NOTHING]
        for kind, rows in inbox:
            kept[kind.number] = rows
            if kind.command and bool(rows["request"].any()):
                about = _about(kind, rows)
                key, numbered = about["key"], about["request"] != 0
                known = (self.table.find(key) >= 0) | np.isin(key, joined(new)["key"])
                fresh = ~numbered | (firsts(key) & ~known)
                kept[kind.number] = rows if bool(fresh.all()) else rows[fresh]
                new.append(about[fresh & numbered])
                again.append(about[~fresh])
        return Admitted(Inbox(kept), joined(new), joined(again))

    def answer(self, admitted: Admitted, out: Outbox) -> Rows:
        """The answers, after the room has done what was admitted: what it said of each new request, acceptance where it said
        nothing, and to the repeated ones the first answer once more."""
        answers, said = admitted.new, out.take_answers()
        if not len(answers) and not len(admitted.again):
            return _NO_ANSWERS
        if len(said) and len(answers):
            key, order = _keys(said), np.argsort(answers["key"])
            place = np.minimum(np.searchsorted(answers["key"], key, sorter=order), len(answers) - 1)
            mine = answers["key"][order[place]] == key
            for name in ANSWER_DTYPE.names or ():
                answers[name][order[place[mine]]] = said[name][mine]
        self.table.append(answers)
        again = admitted.again
        first = self.table.find(again["key"])
        same = self.table.get("content", first) == again["content"]
        again["number"] = np.where(same, self.table.get("number", first), 0)
        again["reason"] = np.where(same, self.table.get("reason", first), int(RequestRefusal.NUMBER_TAKEN))
        given = np.zeros(len(answers) + len(again), dtype=ANSWER_DTYPE)
        for name in ANSWER_DTYPE.names or ():
            given[name][: len(answers)], given[name][len(answers) :] = answers[name], again[name]
        return given

    def forget(self, until: int) -> None:
        """Drops what was answered long before an instant."""
        self.table.keep(np.asarray(self.table["at"] >= until - KEPT_MS))


def _about(kind: Kind, rows: Rows) -> Rows:
    """What is kept of requests; `content` is everything they say but when."""
    about, said = np.zeros(len(rows), dtype=_ABOUT), rows.copy()
    said["at"] = 0
    for name, values in (("request", rows["request"]), ("at", rows["at"]), ("number", rows[kind.key])):
        about[name] = values
    about["branch"], about["content"] = branch_of(rows), row_hashes(kind.number, said).view(np.int64)
    about["key"] = _keys(about)
    return about


def _keys(rows: Rows) -> Ints:
    """One number for the branch and the request of each row. Should two ever agree by chance, their contents differ, and the
    later request is refused."""
    return row_hashes(0, np.column_stack((rows["branch"], rows["request"]))).view(np.int64)
