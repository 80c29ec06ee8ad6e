"""A file lies at every site in step before the bank is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from actors.book.inputs import packed
from actors.book.sealed import SealedStore
from actors.book.store import Entry, StoreError
from actors.gateway.contents import Contents
from actors.identity.errors import Damaged
from actors.identity.keys import Keys
from actors.identity.vault import Vault
from actors.sites.receiver import Away
from actors.sites.uploads import bring, prerequisites, spoken_of
from actors.topology import Cell
from actors.wire import pack
from credit.contracts.contract import ContractScanned
from credit.customers.contract import FileMaterial, HandInMaterials
from tests.actors.book.books import entry


def inputs(*digests: str) -> bytes:
    files = FileMaterial.rows(len(digests), at=0, request=0, case=1, material=1, format=1, size=1, digest=list(digests))
    word = HandInMaterials.rows(1, at=0, request=1, case=1)
    return packed({Cell("customers", 0): pack({HandInMaterials.number: [word], FileMaterial.number: [files]})})


class Kept:
    """The store below a sealed one."""

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        self.entries = list(entries)


@pytest.fixture
def contents(tmp_path: Path) -> list[Contents]:
    keys = Keys.random()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return [Contents(tmp_path / name, Vault(keys)) for name in ("a", "b")]


def test_a_window_says_which_contents_it_speaks_of() -> None:
    one, other = "1" * 64, "2" * 64
    assert prerequisites(inputs(one, other, one, "")) == [one, other]
    assert prerequisites(b"") == []


def test_a_sealed_window_says_it_to_whoever_has_the_key() -> None:
    vault, below = Vault(Keys.random()), Kept()
    digest = "1" * 64
    SealedStore(below, vault.seal, vault.open).append([Entry(0, 1, 0, 1, inputs(digest), -1, ""), entry(1, 1, 0)])
    assert spoken_of(below.entries, vault.open) == [digest]
    with pytest.raises(Damaged):
        spoken_of([below.entries[0]._replace(number=5)], vault.open)


def test_what_a_window_speaks_of_lies_at_the_other_site_before_it(contents: list[Contents]) -> None:
    here, there = contents
    digest = here.keep(b"an ID card")
    bring(here, there, [digest, "0" * 64])
    assert there.get(digest) == b"an ID card"
    [said] = there.changes(0)
    bring(here, there, [digest])
    assert list(there.changes(0)) == [said]


def test_a_site_that_does_not_answer_keeps_the_window_back(contents: list[Contents]) -> None:
    class Deaf:
        def lacking(self, digests: Sequence[str]) -> Sequence[str]:
            return digests

        def put(self, digest: str, sealed: bytes) -> None:
            raise Away("cut")

    with pytest.raises(StoreError, match="cut"):
        bring(contents[0], Deaf(), [contents[0].keep(b"an ID card")])


def test_a_content_that_is_damaged_here_is_told_in_the_log_and_keeps_no_window_back(
    contents: list[Contents], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = contents
    digest = here.keep(b"an ID card")
    path = tmp_path / "a" / "materials" / digest[:2] / digest
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    bring(here, there, [digest])
    assert not there.has(digest)
    assert "not brought to the other site: sealed content is damaged" in caplog.text


def test_a_swept_content_is_no_longer_told_of_and_can_come_again(contents: list[Contents]) -> None:
    here = contents[0]
    digest, before = here.keep(b"an ID card"), here.newest()
    assert here.sweep([], before_s=2**40) == 1
    assert list(here.changes(0)) == []
    assert here.keep(b"an ID card") == digest
    assert [content for _, content in here.changes(before)] == [digest.encode()]


def test_a_contracts_scan_is_spoken_of_as_well() -> None:
    scan = ContractScanned.rows(1, at=0, request=0, case=1, pages=1, format=1, size=1, person=1, digest=["a" * 64])
    said = packed({Cell("contracts", 0): pack({ContractScanned.number: [scan]})})
    assert prerequisites(said) == ["a" * 64]
