"""Uploads before words: the bank says yes to a file only when it lies at every site in step. So what a window's inputs speak of
is brought to a site before the window is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from actors.book.inputs import unpacked
from actors.gateway.contents import Contents
from actors.wire import unpack
from credit.customers.contract import FileMaterial


class Lying(Protocol):
    """The contents of another site, as one that has some calls it; `Contents` is one. Both methods raise StoreError (`Away`)
    where it does not answer."""

    def lacking(self, digests: Sequence[str]) -> Sequence[str]: ...

    def put(self, digest: str, sealed: bytes) -> object: ...


def prerequisites(inputs: bytes) -> list[str]:
    """The digests that the inputs of a window speak of (`Entry.inputs`, unsealed), each once."""
    files = [rows for bundle in unpacked(inputs).values() for rows in unpack([bundle]).get(FileMaterial.number, ())]
    return list(dict.fromkeys(digest for rows in files for digest in rows["digest"].tolist() if digest))


def bring(own: Contents, there: Lying, digests: Iterable[str]) -> None:
    """Every one of some contents lies on the other site's disk when this returns; but for those that nobody ever had, as those of
    simulated customers. IdentityError where one of ours is damaged."""
    ours = [digest for digest in digests if own.has(digest)]
    if not ours:
        return
    for digest in there.lacking(ours):
        there.put(digest, own.sealed(digest))
