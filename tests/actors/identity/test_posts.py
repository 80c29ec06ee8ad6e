"""People inherit what their posts permit, and two posts that nobody may hold together are found."""

from __future__ import annotations

import pytest

from actors.identity.errors import IdentityError
from actors.identity.posts import Posts
from credit.policies.posts import Tier, load_posts
from credit.staff import StaffRegister

POSTS = Posts(load_posts())


@pytest.mark.requirement("SEC-02.a", "SEC-02.b", "SEC-03.a")
def test_a_person_may_what_any_of_his_posts_may_with_the_widest_reach() -> None:
    assert POSTS.permissions([]) == frozenset()
    both = POSTS.permissions(["collector", "use_verifier"])
    assert both == POSTS.permissions(["collector"]) | POSTS.permissions(["use_verifier"])
    assert "collections:work" in both
    assert "contracts:read" in both
    assert POSTS.reach(["collector"]) == "own_branch"
    assert POSTS.reach(["collector", "legal_counsel"]) == "all_branches"
    assert POSTS.reach(["collector", "legal_counsel"], "collections:work") == "own_branch"
    assert POSTS.reach(["collector"], "audit:read") == "none"
    assert POSTS.reach([]) == "none"


def test_the_highest_tier_counts() -> None:
    assert POSTS.tier([]) is Tier.STAFF
    assert POSTS.tier(["collector", "approval_administrator"]) is Tier.APPROVAL
    assert POSTS.tier(["system_administrator"]) is Tier.SYSTEM


@pytest.mark.requirement("SEC-03.b")
@pytest.mark.parametrize(
    ("posts", "source"),
    [
        (["initial_approver", "re_reviewer"], "APR-04"),
        (["re_reviewer", "initial_approver"], "APR-04"),
        (["disbursement_operator", "collector", "disbursement_reviewer"], "DIS-04"),
        (["branch_risk_director", "finance_officer"], "NPL-08"),
        (["auditor", "system_administrator"], "a default of our own"),
        (["customer_manager", "final_approver"], "a default of our own"),
    ],
)
def test_conflicting_posts_are_found_with_their_reason(posts: list[str], source: str) -> None:
    found = POSTS.conflicts(posts)
    assert found
    assert any(one.source.startswith(source) and {one.first, one.second} <= set(posts) for one in found)


@pytest.mark.requirement("SEC-03.a")
@pytest.mark.parametrize("posts", [[], ["collector"], ["collector", "use_verifier"], ["trainer", "committee_member"]])
def test_several_posts_that_get_along_are_no_conflict(posts: list[str]) -> None:
    assert POSTS.conflicts(posts) == []


def test_people_get_the_posts_of_all_their_desks() -> None:
    register = StaffRegister.of([(1_210_001, 1, 21), (1_210_001, 1, 13), (1_010_001, 1, 1), (1_770_001, 1, 77)])
    assert POSTS.of_register(register) == {
        1_010_001: ("initial_approver",),
        1_210_001: ("use_verifier", "collector"),
        1_770_001: ("desk_clerk",),
    }


def test_an_unknown_post_is_refused() -> None:
    with pytest.raises(IdentityError, match="there is no such post"):
        POSTS.permissions(["emperor"])
