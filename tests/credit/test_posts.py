"""Posts and permissions as data: the catalogue is whole, a wrong value is refused by name, and tiers hold."""

from __future__ import annotations

from typing import Any

import pytest

from credit.bank import desks
from credit.policies import PolicyError
from credit.policies.posts import PERMISSIONS, PostPolicy, Tier, load_posts

ROLES = """
customer_manager initial_approver re_reviewer final_approver approval_supervisor committee_member risk_specialist
disbursement_operator disbursement_reviewer collector collection_supervisor restructuring_specialist legal_counsel
finance_officer branch_risk_director head_office_risk aml_officer bureau_exception_handler complaint_handler
support_specialist operator auditor project_manager developer tester product_committee_member change_committee_member trainer
trainee training_administrator
""".split()
"""SEC-04; customers are a kind of caller of their own."""


def post(key: str, **changes: Any) -> dict[str, Any]:
    return {"posts": {"posts": [{"key": key} | changes]}}


def held(policy: PostPolicy, key: str) -> set[str]:
    return set(next(one for one in policy.posts if one.key == key).permissions)


@pytest.mark.requirement("SEC-04.a")
def test_every_role_of_the_catalogue_is_a_post_or_a_kind_of_caller() -> None:
    policy = load_posts()
    assert set(ROLES) <= {one.key for one in policy.posts}
    assert policy.customers


@pytest.mark.requirement("SEC-04.b")
def test_the_approval_supervisor_has_a_desk_of_his_own_and_approves_nothing_else() -> None:
    policy = load_posts()
    [post] = [one for one in policy.posts if one.key == "approval_supervisor"]
    assert post.desks == ["approval_supervisor"]
    barred = {key for one in policy.conflicts if "approval_supervisor" in one.against for key in one.posts}
    assert {"initial_approver", "re_reviewer", "customer_manager", "auditor", "system_administrator"} <= barred


def test_each_desk_of_the_bank_belongs_to_one_post() -> None:
    named = [label for one in load_posts().posts for label in one.desks]
    assert sorted(named) == sorted(label for label in desks() if label in named)
    assert set(named) >= {"initial_approver", "disbursement_reviewer", "collector_long", "finance", "administrator"}
    assert len(named) == len(set(named))


def test_each_permission_has_words_and_somebody_who_holds_it() -> None:
    policy = load_posts()
    given = {name for one in policy.posts for name in one.permissions} | set(policy.customers) | set(policy.clients)
    assert given == set(PERMISSIONS)
    assert all(one.en and not one.zh.isascii() for one in PERMISSIONS.values())


def test_the_four_tiers_hold_what_is_theirs() -> None:
    policy = load_posts()
    assert [tier.name for tier in sorted(Tier, reverse=True)] == ["SYSTEM", "BUSINESS", "APPROVAL", "STAFF"]
    assert {"parameters:propose", "accounts:manage", "clients:manage"} <= held(policy, "system_administrator")
    assert {"parameters:propose", "flow:configure"} <= held(policy, "business_administrator")
    assert {"applications:read", "tasks:read", "flow:configure", "accounts:manage"} <= held(
        policy, "approval_administrator"
    )
    assert next(one for one in policy.posts if one.key == "approval_administrator").scope == "all_branches"
    ordinary = [one for one in policy.posts if one.tier == "staff"]
    assert all(PERMISSIONS[name].tier is Tier.STAFF for one in ordinary for name in one.permissions)


def test_each_conflict_says_where_it_comes_from() -> None:
    for rule in load_posts().conflicts:
        assert rule.source.startswith(("APR-", "DIS-", "NPL-", "SEC-", "a default of our own: ")), rule.key
        assert not set(rule.posts) & set(rule.against), rule.key


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (post("auditor", permissions=["audit:rread"]), "post auditor: 'audit:rread' is no permission"),
        (post("auditor", permissions=["accounts:manage"]), "accounts:manage is for the tier approval and above"),
        (
            post("business_administrator", permissions=["clients:manage"]),
            "clients:manage is for the tier system and above",
        ),
        (post("auditor", desks=["dentist"]), "'dentist' is no desk"),
        (post("auditor", seat=1), "seat 1 is the number of a desk"),
        (post("trainer", seat=71), "two share a seat"),
        (post("desk_clerk", at_first=1), "at_first needs a seat"),
        (post("auditor", scope="everything"), "scope"),
        ({"posts": {"other_desks": "nobody"}}, "'nobody' is no post"),
        ({"posts": {"customers": ["clock:advance"]}}, "clock:advance is for administrators"),
        ({"posts": {"clients": ["applications:readd"]}}, "is no permission"),
        ({"posts": {"first_clients": {"partner": ["audit:read"]}}}, "client partner: audit:read"),
        (
            {"posts": {"conflicts": [{"key": "x", "posts": ["a"], "against": ["trainee"], "source": "s"}]}},
            "'a' is no post",
        ),
        ({"posts": {"sign_in": {"wrong_passwords_max": 0}}}, "wrong_passwords_max"),
        ({"posts": {"sign_in": {"password_length_min": 3}}}, "password_length_min"),
    ],
)
def test_a_wrong_value_is_refused_by_name(changes: Any, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_posts(changes)
    assert message in refused.value.user_message
    assert "\n" not in refused.value.user_message
