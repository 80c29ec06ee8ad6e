"""States of rows are a semilattice, and a change only ever adds to one: so sites that were told the same agree, whatever the
order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.identity.places import Place, later, place_among
from actors.sites.states import MERGES, Merge, Password, Row, State, _chosen

SITES = ("a", "b", "far")
Change = Callable[[Row | None, Any], Row | None]
"""(row, of this site: its place and a number that grows) → the row as somebody left it."""


def _account(row: Row | None, at: tuple[Place, int], **said: Any) -> Row:
    first = {"subject": "staff:7", "kind": "staff", "person": 7, "branch": 1, "id_fingerprint": None, "made_at": at[1]}
    first |= {"party": 0, "posts": "[]", "scopes": "[]", "hash": None, "turn": 0, "active": 1, "generation": 0}
    return first if row is None else row | said | {"generation": row["generation"] + at[0].step}


ACCOUNT: list[Change] = [
    lambda row, at: _account(row, at, active=0),
    lambda row, at: _account(row, at, active=1),
    lambda row, at: _account(row, at, posts=f'["post {at[1] % 3}"]'),
    lambda row, at: _account(row, at, hash=f"hash {at[1]}"),
    lambda row, at: _account(row, at, hash=None, turn=row["turn"] + 1 if row is not None else 0),
    lambda row, at: _account(row, at) if row is None else row | {"party": at[1] % 2},
    lambda row, at: _account(row, at) if row is None else row | {"hash": f"the same {at[1]}"},
]
LOGIN: list[Change] = [lambda row, at: {"name": "00ff", "subject": f"customer:{at[1] % 4}"}, lambda row, at: None]
ATTEMPTS: list[Change] = [
    lambda row, at: {
        "name": "00ff",
        "failed": 1 + (row["failed"] if row is not None else 0),
        "last_at": 10_000 + at[1],
    },
    lambda row, at: None,
]
PROPOSAL: list[Change] = [
    lambda row, at: row or {"number": 1, "after": "[]", "state": "open", "decided_by": ""},
    lambda row, at: (row or PROPOSAL[0](row, at) or {}) | ({"state": "refused"} if at[0].name == "a" else {}),
]
REFRESH: list[Change] = [
    lambda row, at: row or {"digest": "00ff", "family": "f", "ends_at": 9, "used": 0},
    lambda row, at: {"digest": "00ff", "family": "f", "ends_at": 9, "used": 1},
]
REVOKED: list[Change] = [
    lambda row, at: {"number": "f", "ends_at": max(at[1], row["ends_at"] if row is not None else 0)}
]
CHANGES = dict(zip(MERGES, (ACCOUNT, LOGIN, ATTEMPTS, PROPOSAL, REFRESH, REVOKED), strict=True))


def history(merge: Merge, changes: list[Change], steps: list[tuple[int, int, int]]) -> list[State]:
    """The states that sites come to: each step is a change at one site, or what one site is told by another."""
    now: dict[str, State] = {}
    seen: list[State] = []
    for number, (who, whom, what) in enumerate(steps):
        site, other = SITES[who], SITES[whom]
        state = now.get(site)
        if what >= len(changes):
            new = now.get(other) if state is None else merge.joined(state, now.get(other, state))
        else:
            row = merge.shown(state) if state is not None else None
            new = merge.observed(state, changes[what](row, (Place(site, SITES), number)), site)
        if new is None:
            continue
        if state is not None:
            assert merge.joined(state, new) == new, "a change only adds"
        assert merge.observed(new, merge.shown(new), site) == new, "what a state shows is no change"
        now[site] = new
        seen.append(new)
    return seen


@pytest.mark.parametrize("name", MERGES)
@given(data=some.data())
def test_states_are_joined_in_any_order_and_twice_to_the_same(name: str, data: some.DataObject) -> None:
    merge, changes = MERGES[name], CHANGES[name]
    steps = some.tuples(some.integers(0, 2), some.integers(0, 2), some.integers(0, len(changes)))
    seen = history(merge, changes, data.draw(some.lists(steps, max_size=30)))
    if not seen:
        return
    one, two, three = (data.draw(some.sampled_from(seen)) for _ in range(3))
    assert merge.joined(one, one) == one
    assert merge.joined(one, two) == merge.joined(two, one)
    assert merge.joined(merge.joined(one, two), three) == merge.joined(one, merge.joined(two, three))


def test_a_changed_password_counts_as_changed_once_more_and_one_that_is_hashed_anew_does_not() -> None:
    before = Password(1, 4, 2, "b", "old")
    row = {"turn": 1, "generation": 9, "hash": "new"}
    assert _chosen(before, row, 8, "a") == Password(1, 5, 0, "a", "new")
    assert _chosen(before, row | {"turn": 2}, 9, "a") == Password(2, 5, 0, "a", "new")
    assert _chosen(before, row, 9, "a") == Password(1, 4, 3, "a", "new")


@given(some.lists(some.integers(0, 2), max_size=20), some.lists(some.integers(0, 2), max_size=20))
def test_generations_are_the_same_only_where_the_same_changes_were_seen(one: list[int], other: list[int]) -> None:
    steps = [place_among(site, SITES).step for site in SITES]
    left, right = (sum(steps[site] for site in seen) for seen in (one, other))
    assert (left == right) == (sorted(one) == sorted(other))
    assert later(left, right) == sum(max(one.count(site), other.count(site)) * steps[site] for site in range(3))


@given(some.integers(0, 1_000), some.integers(1, 3), some.integers(0, 2))
def test_numbers_that_a_site_gives_out_are_its_own_and_none_is_left_out(largest: int, sites: int, which: int) -> None:
    names = SITES[:sites]
    place = place_among(names[which % sites], names)
    number = place.next_number(largest)
    assert largest < number <= largest + sites
    assert place.giver(number) == place.name
