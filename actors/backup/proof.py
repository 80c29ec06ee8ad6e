"""Proves that a backup restores: a full one by restoring it into a folder that goes again and working the windows since its
newest snapshot, chains compared; an incremental one by its seals; the others by what their manifests say of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from actors.backup.chains import Chain
from actors.backup.container import Manifest, check
from actors.backup.key import BackupKey
from actors.backup.restoring import IdentityOf, OpenStore, restored, windows_proved
from actors.book.store import Store
from actors.host import Blueprint
from actors.pipeline import Executor
from actors.sequencer import Sequencer
from actors.topology import Cell, Flow
from credit.subsystem import State


class Bank(NamedTuple):
    """How a restored bank is opened: its day book, unsealed, its flow, how its cells are built, its first instant, what runs its
    cells, and what they know then, where its book does not say it."""

    store: Store
    flow: Flow
    blueprints: Sequence[Blueprint]
    start: int
    executor: Executor
    opening: dict[Cell, State] | None = None


OpenBank = Callable[[Path], Bank]
"""Opens the bank of a restored home."""


def proved(
    path: Path, manifest: Manifest, key: BackupKey, open_store: OpenStore, identity_of: IdentityOf, open_bank: OpenBank
) -> str:
    """What a backup was proved to be; BackupError, StoreError or IdentityError where it does not restore."""
    if manifest.kind == "incremental":
        return f"{windows_proved(path, key, manifest):,} windows, each seal follows upon the one before"
    if manifest.kind != "full":
        return f"{len(check(path, key).members)} members as its manifest says"
    scratch = Path(tempfile.mkdtemp(prefix=".restored-", dir=path.parent))
    try:
        home = scratch / "home"
        restored(Chain(manifest), lambda _: path, key, home, None, open_store, identity_of, lasting=False)
        again = worked(open_bank(home))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return f"restored; {again}"


def worked(bank: Bank) -> str:
    """The cells as the newest snapshot has them and every window after it, as a bank that is opened works them: Damaged where a
    chain is not the one that the day book holds."""
    try:
        sequencer = Sequencer(bank.executor, bank.flow, bank.blueprints, bank.store, bank.start, bank.opening)
        for _ in sequencer.open():
            pass
        figures = sequencer.figures
        return f"{figures.replayed:,} windows since its snapshot worked again, chain {sequencer.chain or '–'}"
    finally:
        bank.store.close()
