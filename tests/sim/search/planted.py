"""Bugs that are planted: a function's text with something else in it. Each must be found by the fault search. What another rule
makes up for is not among them, but in unit tests: that the witness takes a change only from who knows the newest state and leads
(either alone is enough), that who takes over believes nobody in step (he brings all who are up to date first), that a leader
looks whom his own book follows and tells a fence from silence (the books and the witness fence him too), that a site is looked at
before it counts as in step (nothing takes a window from it meanwhile), and that a site takes nothing from a leader that was (its
book does not either)."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from actors.backup import chains, keeper, making, places, restoring
from actors.book.snapshots import Snapshots
from actors.book.sql import SqlStore
from actors.pipeline import Pipeline
from actors.sequencer import Sequencer
from actors.sites.receiver import Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.witness import Witness
from credit.ledger.subsystem import LedgerSubsystem
from credit.requests import Requests
from credit.stage import Stage


class Bug(NamedTuple):
    """What is wrong, where, what stands there, and what the bug has instead."""

    what: str
    owner: type | ModuleType
    method: str
    right: str
    wrong: str

    @property
    def profile(self) -> str:
        """What befalls the banks in which it is looked for."""
        module = self.owner.__name__ if isinstance(self.owner, ModuleType) else self.owner.__module__
        return "backups" if module.startswith("actors.backup") else "swarm"


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The bug, while it is entered."""
    kept = inspect.getattr_static(bug.owner, bug.method)
    source = textwrap.dedent(inspect.getsource(kept))
    assert source.count(bug.right) == 1, f"{bug.what}: {bug.right!r} stands {source.count(bug.right)} times"
    module = bug.owner if isinstance(bug.owner, ModuleType) else sys.modules[bug.owner.__module__]
    space: dict[str, Any] = dict(vars(module))
    wrong = textwrap.indent(source.replace(bug.right, bug.wrong), "    ")
    made = f"from __future__ import annotations\ndef _made(__class__):\n{wrong}\n    return {bug.method}"
    exec(compile(made, bug.what, "exec"), space)  # within a function, since `super()` asks for its class
    made_wrong = space["_made"](bug.owner)
    owners = [bug.owner, *(one for one in _ours() if vars(one).get(bug.method) is kept)]
    try:
        for owner in owners:
            setattr(owner, bug.method, made_wrong)
        yield
    finally:
        for owner in owners:
            setattr(owner, bug.method, kept)


def _ours() -> list[ModuleType]:
    """Modules that may have imported what is wrong."""
    return [module for name, module in sys.modules.items() if name.startswith(("actors.", "sim.", "lendrill."))]


BUGS = [
    Bug("a site takes over from a leader that lives", Witness, "take_over", "self._terms.silent_ms", "0"),
    Bug("a site far away takes over while others live", Witness, "take_over", "self._terms.remote_ms", "0"),
    Bug("a site far away takes over as if in step", Witness, "take_over", "if site in now.in_step", "if True"),
    Bug("two leaders of one epoch", Witness, "take_over", "now.epoch + 1", "max(now.epoch, 1)"),
    Bug("the witness forgets who is in step", Witness, "keep_in_step", "{site, *in_step}", "{site}"),
    Bug("a hand-over keeps the epoch", Witness, "hand_over", "epoch=seen.epoch + 1, leader=to", "leader=site"),
    Bug("the leader does not wait for the other site", ReplicatedStore, "append", "self._others_in_step()", "()"),
    Bug(
        "a site is put out of step without the witness",
        ReplicatedStore,
        "_put_out",
        "self._keep_in_step([one for one in self.configuration.in_step if one != name])",
        "self.configuration = self.configuration._replace(in_step=(self.site,))",
    ),
    Bug(
        "a book that went another way is gone on with",
        ReplicatedStore,
        "_bring",
        "astray = not self._went_through(stands)",
        "astray = False",
    ),
    Bug(
        "only the length of books is compared",
        ReplicatedStore,
        "_went_through",
        "self._own.seal_before(stands.number) == stands.seal",
        "True",
    ),
    Bug(
        "who takes over does not fence its own book",
        ReplicatedStore,
        "enter",
        "self._own.enter(self.configuration.epoch)",
        "pass",
    ),
    Bug(
        "who takes over leaves others as they are",
        ReplicatedStore,
        "enter",
        "self._level()",
        "self._everywhere = self._own.standing()",
    ),
    Bug(
        "the leader's own book comes last, if at all",
        ReplicatedStore,
        "append",
        "self._own.append(entries, epoch)",
        "pass",
    ),
    Bug(
        "a site that returns gets the first windows only",
        ReplicatedStore,
        "_bring",
        "while entries :=",
        "if entries :=",
    ),
    Bug(
        "a site says that it holds what it does not",
        Receiver,
        "append",
        "self.store.append(entries, epoch)",
        "return stands._replace(number=entries[-1].number + 1)",
    ),
    Bug("a site does not fence the leader before", Receiver, "enter", "self.store.enter(epoch)", "pass"),
    Bug("a site uses a book that it knows to be damaged", Receiver, "enter", "self._sound()", "self.damage = ''"),
    Bug(
        "done before it is durable",
        Sequencer,
        "cut",
        "self._append(entries[place : place + BLOCK])",
        "[self._submit(block, mail) for block in blocks(spans[place : place + BLOCK])]; self._append(entries); continue",
    ),
    Bug("an append that failed is taken for done", Sequencer, "_append", "self._pause(_STORE_RETRY_S)", "return"),
    Bug("a snapshot says one window less", Sequencer, "snapshot", "Taken(self.number,", "Taken(self.number - 1,"),
    Bug("a snapshot has no chain", Sequencer, "snapshot", "self.chain, self._executor", "'', self._executor"),
    Bug(
        "recovery begins at the bank's first instant",
        Sequencer,
        "_go_back",
        "kept.number, kept.until, kept.chain",
        "kept.number, self._start, kept.chain",
    ),
    Bug(
        "recovery skips a window",
        Sequencer,
        "_rebuild",
        "in_days(self._store.read(first))",
        "in_days(list(self._store.read(first))[1:])",
    ),
    Bug(
        "recovery works no window after the snapshot",
        Sequencer,
        "_rebuild",
        "self._work_again(entries, asides)",
        "self.number, self.until = entries[-1].number + 1, entries[-1].until",
    ),
    Bug("who takes over does not catch up", Sequencer, "open", "yield from self.follow(on_replay)", "yield from ()"),
    Bug(
        "another book is followed as if it were the same",
        Sequencer,
        "follow",
        "self._seal_before() != self._followed",
        "False",
    ),
    Bug("a book is not compared with its seals", SqlStore, "read", "seal_of(seal, entry) != kept or", "False and"),
    Bug("a repeated request is done again", Requests, "admit", '& (self.table.find(about["key"]) < 0)', ""),
    Bug("a repeated request in one window is done twice", Requests, "admit", 'firsts(about["key"])', "True"),
    Bug(
        "a repeated request hears nothing",
        Requests,
        "answer",
        "joined((given, self._first_answers(admitted.again))) if len(admitted.again) else given",
        "given",
    ),
    Bug(
        "recovery forgets what the books hold",
        LedgerSubsystem,
        "import_state",
        "self._books[(*place, column)] = rows[name]",
        "pass",
    ),
    Bug("answered requests are not kept", Requests, "answer", "self.table.append", "(lambda *_, **__: None)"),
    Bug(
        "recovery loses mail on its way",
        Stage,
        "import_state",
        'self.keep({BY_NAME[name].number: [rows] for name, rows in _under("carried.", state).items()})',
        "pass",
    ),
    Bug(
        "recovery forgets the world",
        Stage,
        "import_state",
        'self.counterpart.import_state(_under("world.", state))',
        "pass",
    ),
    Bug(
        "cells begin anew where they stood",
        Stage,
        "import_state",
        "self._until, self._due = None, None",
        "self._due = None",
    ),
    Bug("credits are not entered", LedgerSubsystem, "_enter", "np.maximum(-amount, 0)", "np.maximum(-amount, 0) * 0"),
    Bug(
        "half of a transaction is entered",
        LedgerSubsystem,
        "posted",
        'sound["amount_fen"]',
        'np.maximum(sound["amount_fen"], 0)',
    ),
    Bug("answered requests are forgotten at once", Requests, "forget", "KEPT_MS", "-KEPT_MS"),
    Bug(
        "recovery forgets answered requests",
        Stage,
        "import_state",
        'self._requests.table.load(state["requests"])',
        "pass",
    ),
    Bug("a loan's balances are not entered", LedgerSubsystem, "posted", "self._add(loans, sums)", "pass"),
    Bug("mail that waits is not kept", Stage, "export_state", "in self._carried:", "in ():"),
    Bug(
        "answered requests are not in a snapshot",
        Stage,
        "export_state",
        "self._requests.table.export()",
        "self._requests.table.export()[:0]",
    ),
    Bug("late mail is not in a snapshot", Sequencer, "snapshot", "self._pipeline.settle()", "pass"),
    Bug(
        "recovery goes on without the chain",
        Sequencer,
        "_go_back",
        "self._chains.append((first - 1, self.chain))",
        "self._chains.append((first - 1, ''))",
    ),
    Bug("incremental backups are not made", keeper, "due", 'found.append("incremental")', "pass"),
    Bug("backups reach no second place", places, "made_up", "for name in lacking:", "for name in ():"),
    Bug(
        "a backup lacks the newest window",
        making._Making,
        "book",
        "standing = store.standing()",
        "standing = store.standing()._replace(number=max(0, store.standing().number - 1))",
    ),
    Bug("the full backup that is kept goes too", places, "outlived", "fulls[-fulls_kept]]", "fulls[-fulls_kept] + 1]"),
    Bug("copies of a backup are not looked at", places.Shelf, "good", "check(path, self.key)", "pass"),
    Bug("only one copy of a backup is tried", places.Shelf, "good", "in copies.paths:", "in copies.paths[:1]:"),
    Bug("only the full backup is restored", chains, "chain_to", "_follow(found, manifests, at, good)", "pass"),
    Bug("what is after the instant is restored", restoring, "_take", "entry.until > home.at", "False"),
    Bug(
        "what is at the instant is not restored", restoring, "_take", "entry.until > home.at", "entry.until >= home.at"
    ),
    Bug(
        "a restored book lets an old writer in",
        restoring,
        "_found",
        "max(one.epoch for one in (chain.full, *chain.steps, *chain.beside))",
        "chain.full.epoch",
    ),
    Bug(
        "a snapshot is restored under another number",
        restoring._Gathering,
        "put",
        "Snapshot(self._number, until",
        "Snapshot(max(0, self._number - 1), until",
    ),
]
"""Each is found within `SEEDS_MAX` seeds."""
NOT_FOUND = [
    Bug("a site does not look where windows belong", Receiver, "append", "stands[1:] != before[1:]", "False"),
    Bug("a new book has no epoch", Receiver, "renew", "self.store.enter(epoch)", "pass"),
    Bug(
        "a book is renewed for a leader that was",
        Receiver,
        "renew",
        "stands := self._epoch()) > epoch",
        "stands := 0) > 1",
    ),
    Bug("a book lets two writers in", SqlStore, "_check_epoch", "raise self._fenced()", "pass"),
    Bug("a commit that was done is done again", SqlStore, "_is_there", "self._unsure is None", "True"),
    Bug("a book gives out an old epoch", SqlStore, "enter", "epoch < bank.epoch", "False"),
    Bug(
        "what is carried goes out at once",
        Stage,
        "_sort_out",
        "self._carried.put(number, rows[~due])",
        "requests.setdefault(number, []).append(rows[~due])",
    ),
    Bug(
        "a snapshot is never looked at before it is used",
        Snapshots,
        "read",
        "_seal(number, head.until, head.chain, digests) != head.seal",
        "False",
    ),
    Bug(
        "a book that went another way is backed up as if it went on",
        keeper.Keeper,
        "_make",
        "anew = anew_from(self.source, manifests)",
        "anew = None",
    ),
    Bug("what a bank gave up is restored", chains, "living", "one.time >= time or", "True or"),
    Bug("late mail is handed over and stays under way", Pipeline, "settle", "line.under_way.clear()", "pass"),
]
"""A hundred seeds do not find these. The first six are made up for by another rule (a book looks itself whose windows it takes);
no room of this world sends itself anything for later; a snapshot is seldom damaged just before it is needed, and mail that goes
back up the flow seldom under way just then; a site whose book goes another way
has seldom backed up what it gives up. Unit tests find them."""
