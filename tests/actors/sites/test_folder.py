"""What a home holds reaches the others: accounts when a bank is founded, who holds what, what was uploaded and what was signed;
in portions, once, and anew where a home was lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.identity.audit import Deed
from actors.identity.errors import Damaged, IdentityError
from actors.identity.service import LOG, open_copies
from actors.sites.folder import HomeFolder, Record
from credit.contracts.states import SignMode
from tests.actors.identity.builders import (
    APPROVAL,
    APPROVER,
    OPERATOR,
    PASSWORD,
    REVIEWER,
    START,
    Clock,
    a_bank,
    settled,
)
from tests.actors.sites.homes import Site, a_contract, alike, exchange, founded, joined, signs_in, wrong

NEW = "Another-horse-8"
Pair = tuple[Site, Site]


# founding -------------------------------------------------------------------------------------------------------------


def test_a_bank_of_three_sites_has_the_same_accounts_at_all(tmp_path: Path) -> None:
    sites = founded(tmp_path, ["a", "b", "far"])
    assert sites[2].identity.accounts.get(APPROVER) == sites[0].identity.accounts.get(APPROVER)
    assert alike(*sites)
    for site in sites:
        site.close()


def test_a_home_without_the_banks_keys_or_of_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match=r"there are no keys; copy those of the bank's first site"):
        HomeFolder(tmp_path, "a", ["a", "b"])
    a_bank(tmp_path).close()
    for name, sites in (("c", ["a", "b"]), ("a", ["a", "a"]), ("a", ["a", "b", "c", "d"])):
        with pytest.raises(IdentityError, match=f"site '{name}' of .*up to 3 different names"):
            HomeFolder(tmp_path, name, sites)
    HomeFolder(tmp_path, "a", ["a", "b"]).close()
    HomeFolder(tmp_path, "a", ["a", "b", "far"]).close()
    with pytest.raises(IdentityError, match="sites b, a: this bank's were a, b, far; name others behind these"):
        HomeFolder(tmp_path, "a", ["b", "a"])


def test_a_home_that_was_in_use_goes_on_as_a_site(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    old = a_bank(tmp_path / "a")
    settled(old, APPROVER)
    old.changes.propose(APPROVAL[0], "posts", REVIEWER, ["risk_specialist"], START)
    old.accounts.set_active(OPERATOR, False)
    old.holdings.add([(5, "customer:1")])
    old.close()
    folder = HomeFolder(tmp_path / "a", "a", ["a", "b"])
    folder.close()
    other = tmp_path / "b" / "identity"
    other.mkdir(parents=True, mode=0o700)
    (other / "keys.json").touch(mode=0o600)
    (other / "keys.json").write_bytes((tmp_path / "a" / "identity" / "keys.json").read_bytes())
    first, second = HomeFolder(tmp_path / "a", "a", ["a", "b"]), HomeFolder(tmp_path / "b", "b", ["a", "b"])
    second.take(first.changes({})[0])
    there = a_bank(tmp_path / "b", first=False)
    assert there.accounts.sign_in("staff", "1010001", PASSWORD, START).subject == APPROVER
    assert not there.accounts.get(OPERATOR).active
    assert there.holdings.holds("customer:1", 5)
    assert there.changes.get(1).state == "open"
    first.close()
    second.close()
    there.close()


# what is held ---------------------------------------------------------------------------------------------------------


def test_who_holds_a_case_holds_it_at_every_site(pair: Pair) -> None:
    a, b = pair
    a.identity.holdings.add([(1, "customer:1"), (2, "customer:1")])
    b.identity.holdings.add([(2, "customer:1"), (3, "customer:2")])
    assert alike(a, b)
    assert [b.identity.holdings.holds("customer:1", case) for case in (1, 2, 3)] == [True, True, False]


def test_an_upload_can_be_seen_at_the_other_site_and_is_sent_once(pair: Pair) -> None:
    a, b = pair
    digest = a.folder.contents.keep(b"an ID card")
    records, _ = a.folder.changes({})
    assert b.folder.take(records).lacks == [digest]
    a.tell(b)
    assert b.folder.contents.get(digest) == b"an ID card"
    assert b.folder.take(records).lacks == []
    assert (b.home / "materials" / digest[:2] / digest).stat().st_mode & 0o777 == 0o600


def test_a_content_that_was_changed_is_neither_sent_nor_taken(pair: Pair) -> None:
    a, b = pair
    digest, other = a.folder.contents.keep(b"an ID card"), a.folder.contents.keep(b"another")
    [record] = a.folder.sealed([digest])
    with pytest.raises(Damaged):
        b.folder.take([record._replace(content=other.encode() + record.content[64:])])
    path = a.home / "materials" / digest[:2] / digest
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert list(a.folder.sealed([digest, "0" * 64])) == []
    assert b.folder.contents.lacking([digest, other]) == [digest, other]


def test_uploads_from_before_there_were_sites_are_told_too(tmp_path: Path) -> None:
    [a] = founded(tmp_path, ["a"])
    digest = a.folder.contents.keep(b"an ID card")
    a.close()
    (a.home / "contents.db").unlink()
    again = HomeFolder(a.home, "a", ["a"])
    assert Record("contents", digest.encode()) in again.changes({})[0]
    again.close()


def test_a_contract_that_was_signed_at_one_site_can_be_read_at_the_other(pair: Pair) -> None:
    a, b = pair
    a.archive.lay(a_contract("the text that was signed"))
    a.archive.sign(a_contract("a later rendering"), SignMode(1), START, START)
    a.tell(b)
    assert b.archive.text("HT-1") == "the text that was signed"
    signed = b.archive.of(1_000_000_001)
    assert signed is not None
    assert signed.signed_at == START


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_texts_the_signed_one_stays_then_the_one_that_was_laid_down_more_often(
    pair: Pair, order: tuple[int, int]
) -> None:
    one, other = (pair[at] for at in order)
    one.archive.lay(a_contract("signed"))
    one.archive.sign(a_contract("signed"), SignMode(1), START, START)
    unsigned = [f"HT-{number}" for number in range(2, 12)]  # what is sealed is in a random order
    for text in ("a draft", "another draft"):
        other.archive.lay(a_contract(text))
        for number in unsigned:
            other.archive.lay(a_contract(text, number))
    for number in unsigned:
        one.archive.lay(a_contract("the first draft", number))
    assert alike(*pair)
    assert pair[0].archive.text("HT-1") == "signed"
    assert {pair[0].archive.text(number) for number in unsigned} == {"another draft"}


def test_an_archive_from_before_there_were_sites_opens(tmp_path: Path) -> None:
    [a] = founded(tmp_path, ["a"])
    a.archive.lay(a_contract("a text"))
    a.archive._database.run("DROP TRIGGER mirror_contracts_update")
    a.archive._database.run("DROP TRIGGER mirror_contracts_insert")
    a.archive._database.run("DROP TABLE mirror_contracts")
    a.archive._database.run("ALTER TABLE contracts DROP COLUMN laid")
    a.close()
    again = HomeFolder(a.home, "a", ["a"])
    assert [record.source for record in again.changes({})[0]].count("contracts") == 1
    again.close()


# portions and the rest ------------------------------------------------------------------------------------------------


def test_what_is_told_is_told_in_portions(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair
    for number in range(20):
        a.archive.lay(a_contract("word " * 100, f"HT-{number}"))
    monkeypatch.setattr("actors.sites.folder.PORTION_BYTES", 2_000)
    records, cursor = a.folder.changes(a.cursors["b"])
    assert 2_000 <= sum(len(one.content) for one in records) < 3_000
    assert a.folder.changes(cursor)[0][0] not in records
    assert alike(a, b)


def test_a_database_that_was_put_back_tells_all_again(pair: Pair) -> None:
    a, _ = pair
    beyond = dict.fromkeys(a.cursors["b"], 10**6)
    assert len(a.folder.changes(beyond)[0]) == len(a.folder.changes({})[0])


def test_records_of_another_release_are_told_in_one_line(pair: Pair) -> None:
    with pytest.raises(IdentityError, match="'ledgers': not known here; run every site of a bank in the same release"):
        pair[0].folder.take([Record("ledgers", b"")])


def test_nothing_goes_back_and_forth(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    wrong(b, 1)
    a.identity.holdings.add([(1, "customer:1")])
    exchange(pair)
    exchange(pair)
    before = [dict(a.cursors["b"]), dict(b.cursors["a"])]
    exchange(pair)
    assert [dict(a.cursors["b"]), dict(b.cursors["a"])] == before


def test_a_site_that_was_lost_gets_everything_from_the_one_that_is_left(tmp_path: Path) -> None:
    a, b = founded(tmp_path, ["a", "b"])
    settled(a.identity, APPROVER)
    a.folder.contents.keep(b"an ID card")
    a.identity.audit.append([Deed(START, "staff", APPROVER, "::1", "GET", "/", 200)])
    a.tell(b)
    a.close()
    a.home.rename(tmp_path / "lost")
    b_keys = (b.home / "identity" / "keys.json").read_bytes()
    (tmp_path / "a" / "identity").mkdir(parents=True, mode=0o700)
    (tmp_path / "a" / "identity" / "keys.json").touch(mode=0o600)
    (tmp_path / "a" / "identity" / "keys.json").write_bytes(b_keys)
    folder = HomeFolder(tmp_path / "a", "a", ["a", "b"])
    identity = a_bank(tmp_path / "a", first=False)
    b.cursors.clear()
    folder.take(b.folder.changes({})[0])
    assert identity.accounts.sign_in("staff", "1010001", PASSWORD, START).subject == APPROVER
    assert open_copies(b.home)["a"].verify().number == 1
    assert (b.home / "identity" / "sites" / "a" / LOG).is_file()
    folder.close()
    identity.close()
    b.close()


def test_a_third_site_hears_of_it_from_the_second(tmp_path: Path) -> None:
    clock = Clock()
    names = ["a", "b", "far"]
    a, b, far = (joined(tmp_path, name, names, clock) for name in names)
    settled(a.identity, APPROVER)
    a.tell(b)
    b.tell(far)
    assert signs_in(far)
    for site in (a, b, far):
        site.close()
