"""Uploads before words: the bank says yes to a file only when it lies at every site in step. So what a window's inputs speak of
is brought to a site before the window is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol

from actors.book.inputs import unpacked
from actors.book.sealed import Cipher, inputs_of
from actors.book.store import Entry
from actors.gateway.contents import Contents
from actors.identity.errors import IdentityError
from actors.wire import unpack
from credit.contracts.contract import ContractScanned
from credit.customers.contract import FileMaterial

_FILES = (FileMaterial.number, ContractScanned.number)
"""The kinds that speak of a file."""
_log = logging.getLogger(__name__)


class Lying(Protocol):
    """The contents of another site, as one that has some calls it; `Contents` is one. Both methods raise StoreError (`Away`)
    where it does not answer."""

    def lacking(self, digests: Sequence[str]) -> Sequence[str]: ...

    def put(self, digest: str, sealed: bytes) -> object: ...


def prerequisites(inputs: bytes) -> list[str]:
    """The digests that the inputs of a window speak of (`Entry.inputs`, unsealed), each once."""
    said = [part for bundle in unpacked(inputs).values() for part in bundle if part[0] in _FILES]
    files = chain.from_iterable(unpack([tuple(said)]).values())
    return list(dict.fromkeys(digest for rows in files for digest in rows["digest"].tolist() if digest))


def spoken_of(entries: Iterable[Entry], unseal: Cipher) -> list[str]:
    """The same of sealed windows, as sites hand them on."""
    return [digest for entry in entries if entry.inputs for digest in prerequisites(inputs_of(entry, unseal))]


def bring(own: Contents, there: Lying, digests: Iterable[str]) -> None:
    """Every one of some contents lies on the other site's disk when this returns; but for what is not here, as what simulated
    customers brought, or is damaged, which is logged."""
    ours = [digest for digest in digests if own.has(digest)]
    if not ours:
        return
    for digest in there.lacking(ours):
        try:
            sealed = own.sealed(digest)
        except IdentityError as error:
            _log.error("not brought to the other site: %s", error.user_message)
            continue
        there.put(digest, sealed)
