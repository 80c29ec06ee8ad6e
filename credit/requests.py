"""Requests have answers. A command from outside carries its caller's request number; the bank answers it exactly once:
accepted, with the number of the case or loan it is about, or refused, with the reason (which names the field). A number that
comes again gets the first answer and does nothing, so a caller who heard nothing may ask again: no payment is taken twice. One
that comes again with something else in it is refused: it is another request, and the first answer is not its own.

A number is its branch's own: what another branch numbers alike is another request.

A number below 0 is a request that was set aside (隔离): doing it broke a rule, so the host gives it to the room once more with
the sign turned. It is answered so, under its own number, and not done.

The answered numbers are state. They are kept for `KEPT_MS`; a number that comes back later is a new request. Rows with request
number 0 come from callers who don't listen: they are done, and not answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.digest import row_hashes
from credit.mail import ANSWER_DTYPE, NO_ANSWERS, Inbox, Outbox
from credit.masks import all_of
from credit.numbers import branch_of
from credit.room import Kind, RequestRefusal, Rows
from credit.rows import firsts, joined, only
from credit.table import Table
from credit.times import DAY_MS, Ints

KEPT_MS = 7 * DAY_MS
_FIELDS = "key request at number reason branch content"
_ABOUT = np.dtype([(name, "i8") for name in _FIELDS.split()])
_APART = 0x1E3779B97F4A7C15
"""What lies between the keys of two branches' equal numbers; sums that are too long wrap around."""
_NOTHING = np.zeros(0, dtype=_ABOUT)


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
        commands = [(kind, rows) for kind, rows in inbox if kind.command and np.count_nonzero(rows["request"])]
        if not commands:
            return Admitted(inbox, _NOTHING, _NOTHING)
        about = joined([_about(kind, rows) for kind, rows in commands])
        numbered = about["request"] != 0
        fresh = ~numbered | (firsts(about["key"]) & (self.table.find(about["key"]) < 0))
        done = fresh & (about["reason"] == 0)
        if all_of(done) and all_of(numbered):
            return Admitted(inbox, about, _NOTHING)
        kept, end = {kind.number: rows for kind, rows in inbox}, 0
        for kind, rows in commands:
            end += len(rows)
            kept[kind.number] = only(rows, done[end - len(rows) : end])
        return Admitted(Inbox(kept), about[fresh & numbered], about[~fresh])

    def answer(self, admitted: Admitted, out: Outbox) -> Rows:
        """The answers, after the room has done what was admitted: what it said of each new request, acceptance where it said
        nothing, and to the repeated ones the first answer once more."""
        answers, said = admitted.new, out.take_answers()
        if not len(answers) and not len(admitted.again):
            return NO_ANSWERS
        if len(said) and len(answers):
            key, order = _keys(said), answers["key"].argsort()
            place = np.minimum(answers["key"].searchsorted(key, sorter=order), len(answers) - 1)
            mine = answers["key"][order[place]] == key
            for name in ANSWER_DTYPE.names or ():
                answers[name][order[place[mine]]] = said[name][mine]
        self.table.append(answers)
        given = _as_answers(answers)
        return joined((given, self._first_answers(admitted.again))) if len(admitted.again) else given

    def _first_answers(self, again: Rows) -> Rows:
        if not len(again):
            return NO_ANSWERS
        first = self.table.find(again["key"])
        same = self.table.get("content", first) == again["content"]
        again["at"] = np.where(same, self.table.get("at", first), again["at"])
        again["number"] = np.where(same, self.table.get("number", first), 0)
        again["reason"] = np.where(same, self.table.get("reason", first), int(RequestRefusal.NUMBER_TAKEN))
        return _as_answers(again)

    def forget(self, until: int) -> None:
        """Drops what was answered long before an instant."""
        self.table.keep(np.asarray(self.table["at"] >= until - KEPT_MS))


def _about(kind: Kind, rows: Rows) -> Rows:
    """What is kept of requests; `content` is everything they say but when."""
    about, said, aside = np.zeros(len(rows), dtype=_ABOUT), rows.copy(), rows["request"] < 0
    said["at"], said["request"] = 0, np.abs(rows["request"])
    for name, values in (
        ("request", said["request"]),
        ("at", rows["at"]),
        ("number", np.where(aside, 0, rows[kind.key])),
    ):
        about[name] = values
    about["reason"][aside] = int(RequestRefusal.SET_ASIDE)
    about["branch"], about["content"] = branch_of(rows), row_hashes(kind.number, said).view(np.int64)
    about["key"] = _keys(about)
    return about


def _as_answers(about: Rows) -> Rows:
    given = np.empty(len(about), dtype=ANSWER_DTYPE)
    for name in ANSWER_DTYPE.names or ():
        given[name] = about[name]
    return given


def _keys(rows: Rows) -> Ints:
    """One number for the branch and the request of each row. Should two ever agree by chance, their contents differ, and the
    later request is refused."""
    key: Ints = rows["request"] + rows["branch"] * _APART
    return key
