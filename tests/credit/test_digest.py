"""Digests: blind to order and cutting, sensitive to every field."""

from __future__ import annotations

from functools import reduce

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit.customers.contract import FormChecked
from credit.digest import Digest, linked, odd_words
from credit.ledger.contract import Posting
from credit.room import Rows
from tests.rows import sample


def postings(amounts: list[int]) -> Rows:
    return sample(Posting, len(amounts), at=np.arange(len(amounts)), transaction=7, account=1301, amount_fen=amounts)


def digest_of(*batches: Rows) -> str:
    digest = Digest()
    for rows in batches:
        digest.add(Posting.number, rows)
    return digest.hex()


@given(st.lists(st.integers(-(10**12), 10**12), max_size=40), st.integers(0, 40), st.randoms(use_true_random=False))
def test_order_and_cutting_do_not_matter(amounts: list[int], cut: int, random: object) -> None:
    rows = postings(amounts)
    shuffled = rows.copy()
    random.shuffle(order := list(range(len(rows))))  # type: ignore[attr-defined]
    shuffled = rows[order] if len(rows) else rows
    assert digest_of(rows) == digest_of(shuffled) == digest_of(rows[:cut], rows[cut:])


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20), st.data())
def test_one_changed_field_changes_the_digest(amounts: list[int], data: st.DataObject) -> None:
    rows = postings(amounts)
    changed = rows.copy()
    place = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(Posting.dtype.names or ()))
    changed[field][place] += data.draw(st.sampled_from([1, -1, 100, 10**9]))
    assert digest_of(rows) != digest_of(changed)


@given(st.integers(0, 400), st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5))
def test_lanes_are_what_plain_python_computes(label: int, amounts: list[int]) -> None:
    rows, most, lanes = postings(amounts), (1 << 64) - 1, []
    words = np.ascontiguousarray(rows).view(np.uint64).reshape(len(rows), -1).tolist()
    for lane in (0xD6E8FEB86659FD93, 0xA0761D6478BD642F):
        odd, total = odd_words(len(words[0]), lane).tolist(), 0
        for row in words:
            hashed = sum((word ^ word >> 32) * factor for word, factor in zip(row, odd, strict=True))
            hashed = (hashed + label * 0x9E3779B97F4A7C15) & most
            hashed = ((hashed ^ hashed >> 29) * 0xFF51AFD7ED558CCD) & most
            total += hashed ^ hashed >> 32
        lanes.append(total & most)
    digest = Digest()
    digest.add(label, rows)
    assert digest.lanes == tuple(lanes)


def test_two_rows_that_swap_a_field_are_seen() -> None:
    rows = postings([5, 9])
    swapped = rows.copy()
    swapped["amount_fen"] = [9, 5]
    assert digest_of(rows) != digest_of(swapped)


def test_the_kind_and_text_fields_count() -> None:
    one, other = sample(FormChecked, 1, name="张伟"), sample(FormChecked, 1, name="张玮")
    a, b, c = Digest(), Digest(), Digest()
    a.add(1, one)
    b.add(1, other)
    c.add(2, one)
    assert len({a.hex(), b.hex(), c.hex()}) == 3


def test_merged_digests_are_the_digest_of_the_whole() -> None:
    left, right = Digest(), Digest()
    left.add(Posting.number, postings([1, 2]))
    right.add(Posting.number, postings([3]))
    left.merge(right)
    assert left.hex() == digest_of(postings([1, 2]), postings([3]))


def test_a_chain_depends_on_every_window_and_on_their_order() -> None:
    windows = [(1, 2), (3, 4), (5, 6)]
    chain = reduce(linked, windows, "")
    assert len(chain) == 32
    assert chain == linked(reduce(linked, windows[:2], ""), windows[2])
    assert (
        len(
            {
                chain,
                reduce(linked, windows[::-1], ""),
                reduce(linked, windows[1:], ""),
                reduce(linked, [(1, 2)] * 3, ""),
            }
        )
        == 4
    )


def test_what_was_added_since_adds_up_to_the_whole() -> None:
    digest = Digest()
    digest.add(1, np.array([(7,)], dtype=[("a", "i8")]))
    before = digest.lanes
    digest.add(2, np.array([(9,), (11,)], dtype=[("a", "i8")]))
    whole = Digest(before)
    whole.merge(Digest(digest.since(before)))
    assert whole.lanes == digest.lanes
