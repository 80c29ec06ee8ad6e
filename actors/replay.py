"""A bank worked again from its day book alone, window by window, and compared with what it was: the proof that nothing was lost,
and that what is live is what would be simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from actors.book import inputs
from actors.book.before import states_in
from actors.book.store import Entry, Store, StoreError
from actors.host import Blueprint
from actors.pipeline import BLOCK, Executor, Pipeline
from actors.quarantine import Aside
from actors.sequencer import in_days, parcels
from actors.topology import Flow
from actors.wire import rows_in
from credit.subsystem import Window


class Diverged(StoreError):
    """The bank worked again is not the bank that was."""


@dataclass
class Replayed:
    """What was worked again: windows, rows that came from outside, how many chains of the book were compared (each stands for all
    windows before it), and the chain at the end."""

    windows: int = 0
    commands: int = 0
    compared: int = 0
    chain: str = ""
    until: int = 0
    """[ms] Where the last window ends."""
    seal: str = ""
    """Of the last window: two books that end alike hold the same windows."""
    asides: list[Aside] = field(default_factory=list)
    """Rows from outside that broke a rule and were set aside."""


def replay(
    store: Store,
    flow: Flow,
    blueprints: Sequence[Blueprint],
    executor: Executor,
    on_progress: Callable[[int], object] = int,
) -> Replayed:
    """Works a book again from its first window, or from the state the bank was opened with, on the cells of an executor, which
    are left as they stand at its end. Diverged where a chain is not the book's, naming the windows among which it happened."""
    kept = store.snapshots()
    opening = store.snapshot(kept[-1]) if kept and not any(True for _ in _before(store, kept[-1])) else None
    states = None if opening is None else states_in(opening)
    executor.start(blueprints, states)
    found = Replayed(chain=opening.chain if opening else "")
    pipeline = Pipeline(executor, flow, found.chain)
    chains: dict[int, str] = {}
    agreed = -1
    found.asides = inputs.asides(store.read())
    for entries in in_days(store.read()):
        mail = inputs.mail_of(entries, found.asides)
        block = [Window(entry.number, entry.start, entry.until) for entry in entries]
        done = pipeline.collect(pipeline.submit(block, parcels(block, mail)))
        chains |= {window.number: chain for window, chain in zip(done.block, done.chains, strict=True)}
        for entry in entries:
            if entry.proved in chains:
                _agree(entry.proved, agreed, chains[entry.proved], entry.chain)
                agreed, found.compared = entry.proved, found.compared + 1
        chains = {number: chain for number, chain in chains.items() if number > agreed - BLOCK}
        found.windows += len(entries)
        found.commands += sum(rows_in(bundle) for of in mail.values() for bundle in of.values())
        found.chain, found.until = done.chains[-1], entries[-1].until
        on_progress(found.windows)
    found.seal = store.standing().seal.hex()
    for number in kept:
        if number - 1 in chains:
            _agree(number - 1, agreed, chains[number - 1], store.snapshot(number).chain)
            found.compared += 1
    return found


def _before(store: Store, number: int) -> Iterator[Entry]:
    """The windows of a book before a number."""
    return takewhile(lambda entry: entry.number < number, store.read())


def _agree(number: int, agreed: int, worked: str, written: str) -> None:
    if worked != written:
        raise Diverged(
            f"windows {agreed + 1} to {number}: worked again the bank has the chain {worked}, it had {written}; "
            "another release or another policy worked it, or it was changed"
        )
