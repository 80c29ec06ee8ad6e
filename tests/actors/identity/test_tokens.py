"""Tokens say who calls, for a short while; whatever is not exactly such a token is refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from actors.identity.accounts import Accounts
from actors.identity.caller import Caller
from actors.identity.errors import IdentityError, TokenRefused
from actors.identity.keys import Keys
from actors.identity.service import Identity
from actors.identity.tokens import AUDIENCE, TYPE, Grant, Tokens
from credit.policies.loading import packaged
from credit.times import HOUR_MS, MINUTE_MS
from tests.actors.identity.builders import APPROVER, PASSWORD, START, a_bank, a_customer, cheap, settled


@pytest.fixture
def bank(tmp_path: Path) -> Identity:
    return a_bank(tmp_path)


@pytest.fixture
def grant(bank: Identity) -> Grant:
    return bank.tokens.issue(settled(bank, APPROVER), START)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def signed(bank: Identity, claims: dict[str, Any], **header: Any) -> str:
    """A token signed with the bank's own key."""
    head = {"alg": "HS256", "typ": TYPE, "kid": bank.keys.number} | header
    return jwt.encode({k: v for k, v in head.items() if v is not None}, claims, OctKey.import_key(bank.keys.signing()))


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


# what is in them ------------------------------------------------------------------------------------------------------


def test_a_member_of_staff_is_known_by_his_token(bank: Identity, grant: Grant) -> None:
    caller = bank.tokens.verify(grant.access, START)
    assert caller == Caller(
        "staff",
        APPROVER,
        bank.posts.permissions(["initial_approver"]),
        person=1_010_001,
        branch=1,
        posts=("initial_approver",),
        token=claims_of(grant.access)["jti"],
        family=claims_of(grant.access)["sid"],
        signed_in_at=START,
        expires_at=START + 15 * MINUTE_MS,
    )
    assert caller.may("tasks:work")
    assert not caller.may("clock:advance")
    assert grant.expires_s == 900


def test_a_customer_and_a_system_are_known_by_theirs(bank: Identity) -> None:
    customer = bank.tokens.verify(bank.tokens.issue(a_customer(bank, party=77), START).access, START)
    assert (customer.kind, customer.party, customer.person) == ("customer", 77, 0)
    assert customer.scopes == frozenset(bank.posts.policy.customers)
    granted = bank.tokens.issue(bank.accounts.get("system:partner"), START)
    system = bank.tokens.verify(granted.access, START)
    assert (system.kind, system.subject, granted.refresh) == ("system", "system:partner", "")
    assert system.scopes == frozenset(bank.posts.policy.first_clients["partner"])


def test_a_first_password_gives_a_token_that_permits_nothing(bank: Identity) -> None:
    granted = bank.tokens.issue(bank.accounts.get(APPROVER), START)
    caller = bank.tokens.verify(granted.access, START)
    assert (caller.must_change, caller.scopes, granted.refresh) == (True, frozenset(), "")


def test_one_may_ask_for_less_and_not_for_more(bank: Identity) -> None:
    account = settled(bank, APPROVER)
    less = bank.tokens.issue(account, START, ["tasks:read"])
    assert bank.tokens.verify(less.access, START).scopes == frozenset({"tasks:read"})
    again = bank.tokens.refresh(less.refresh, START)
    assert bank.tokens.verify(again.access, START).scopes == frozenset({"tasks:read"})
    with pytest.raises(IdentityError, match="not among what this account may do"):
        bank.tokens.issue(account, START, ["clock:advance"])


def test_no_token_shows_in_a_repr(bank: Identity, grant: Grant) -> None:
    assert grant.access not in repr(grant)
    assert grant.refresh not in repr(grant)


# what is refused ------------------------------------------------------------------------------------------------------


def test_a_token_is_good_for_15_minutes(bank: Identity, grant: Grant) -> None:
    end = START + 15 * MINUTE_MS
    for tokens in (bank.tokens, Tokens(bank.accounts, bank.keys)):
        assert tokens.verify(grant.access, end - 1_000)
        with pytest.raises(TokenRefused):
            tokens.verify(grant.access, end)
        with pytest.raises(TokenRefused):
            tokens.verify(grant.access, START - 1_000)
        assert tokens.verify(grant.access, START)


def test_a_time_outside_is_refused_at_first_sight(bank: Identity, grant: Grant) -> None:
    for now in (START + 15 * MINUTE_MS, START - 1_000):
        with pytest.raises(TokenRefused, match="not valid now"):
            Tokens(bank.accounts, bank.keys).verify(grant.access, now)


def test_each_changed_character_is_noticed(bank: Identity, grant: Grant) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for at, old in enumerate(grant.access):
        near = letters[(letters.index(old) + 1) % 64] if old != "." else "x"
        with pytest.raises(TokenRefused):
            bank.tokens.verify(grant.access[:at] + near + grant.access[at + 1 :], START)


def test_a_signature_is_written_in_one_way_only(bank: Identity, grant: Grant) -> None:
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=":
        if last != grant.access[-1]:
            with pytest.raises(TokenRefused):
                bank.tokens.verify(grant.access[:-1] + last, START)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "HS384", "RS256", "EdDSA"])
def test_no_other_algorithm_is_taken(bank: Identity, grant: Grant, algorithm: str) -> None:
    claims, head = claims_of(grant.access), {"alg": algorithm, "typ": TYPE, "kid": bank.keys.number}
    parts = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    own = grant.access.rsplit(".", 1)[1]
    forged = [f"{parts}.", f"{parts}.{own}", parts]
    if algorithm.startswith("HS"):
        key = OctKey.import_key(bank.keys.signing())
        forged.append(jwt.encode(head, claims, key, algorithms=[algorithm]))
    for token in forged:
        with pytest.raises(TokenRefused):
            bank.tokens.verify(token, START)


def test_a_token_signed_with_another_key_is_refused(bank: Identity, grant: Grant) -> None:
    other = OctKey.import_key(Keys.random().signing())
    head = {"alg": "HS256", "typ": TYPE, "kid": bank.keys.number}
    with pytest.raises(TokenRefused):
        bank.tokens.verify(jwt.encode(head, claims_of(grant.access), other), START)
    with pytest.raises(TokenRefused):
        Tokens(bank.accounts, Keys.random()).verify(grant.access, START)


def test_the_bank_s_own_key_makes_a_good_token(bank: Identity, grant: Grant) -> None:
    """What the tests below change one claim of is otherwise good."""
    assert bank.tokens.verify(signed(bank, claims_of(grant.access)), START).subject == APPROVER


@pytest.mark.parametrize(
    "header", [{"kid": "0" * 16}, {"kid": None}, {"typ": "JWT"}, {"typ": None}, {"crit": ["x"], "x": 1}, {"b64": False}]
)
def test_a_token_with_another_header_is_refused(bank: Identity, grant: Grant, header: dict[str, Any]) -> None:
    head = {"alg": "HS256", "typ": TYPE, "kid": bank.keys.number} | header
    head = {name: value for name, value in head.items() if value is not None}
    content = f"{b64(json.dumps(head).encode())}.{grant.access.split('.')[1]}"
    seal = b64(hmac.digest(bank.keys.signing(), content.encode(), "sha256"))
    with pytest.raises(TokenRefused):
        bank.tokens.verify(f"{content}.{seal}", START)


CLAIMS = "iss aud sub jti iat nbf exp kind person branch party posts scope auth_time sid gen".split()


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_is_required_and_of_its_type(bank: Identity, grant: Grant, claim: str) -> None:
    claims = claims_of(grant.access)
    assert sorted(claims) == sorted(CLAIMS)
    wrong: list[Any] = [None, [], {}, [claims[claim]]]
    wrong += ["x"] if isinstance(claims[claim], int) else [7]
    for changed in (*wrong, Ellipsis):
        other = {name: value for name, value in claims.items() if name != claim}
        other |= {} if changed is Ellipsis else {claim: changed}
        with pytest.raises(TokenRefused):
            bank.tokens.verify(signed(bank, other), START)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another bank"},
        {"aud": [AUDIENCE, "another bank"]},
        {"iss": "another bank"},
        {"sub": "staff:1020001"},
        {"sub": "staff:5"},
        {"gen": 99},
        {"nbf": START // 1000 + 60},
        {"iat": START // 1000 + 60},
        {"exp": START // 1000},
        {"exp": True},
        {"person": True},
    ],
)
def test_a_claim_that_is_not_so_is_refused(bank: Identity, grant: Grant, change: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        bank.tokens.verify(signed(bank, claims_of(grant.access) | change), START)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "a.b", "x" * 10_000, "a.b.c.d.e", "é.é.é", "' OR 1=1", "a" * 3_000 + ".b.c"]
)
def test_what_is_no_token_at_all_is_refused(bank: Identity, token: str) -> None:
    with pytest.raises(TokenRefused):
        bank.tokens.verify(token, START)


# changes and revocations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.set_posts(APPROVER, ["trainer"]),
        lambda a: a.set_active(APPROVER, False),
        lambda a: a.reset(APPROVER),
        lambda a: a.change_password(APPROVER, PASSWORD, "Another-horse-9", START),
    ],
    ids=["posts", "closed", "reset", "password"],
)
def test_a_change_of_the_account_ends_all_its_tokens(
    bank: Identity, grant: Grant, change: Callable[[Accounts], object]
) -> None:
    assert bank.tokens.verify(grant.access, START)
    change(bank.accounts)
    with pytest.raises(TokenRefused, match="has changed"):
        bank.tokens.verify(grant.access, START)
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(grant.refresh, START)


def test_every_process_sees_a_revocation(bank: Identity, grant: Grant, tmp_path: Path) -> None:
    other = a_bank(tmp_path)
    caller = other.tokens.verify(grant.access, START)
    second = bank.tokens.issue(bank.accounts.get(APPROVER), START)
    bank.tokens.revoke(caller.token, caller.expires_at, START)
    with pytest.raises(TokenRefused, match="revoked"):
        other.tokens.verify(grant.access, START)
    assert other.tokens.verify(second.access, START)


def test_signing_out_ends_one_sign_in_whole(bank: Identity, grant: Grant) -> None:
    second = bank.tokens.issue(bank.accounts.get(APPROVER), START)
    bank.tokens.sign_out(bank.tokens.verify(grant.access, START), START)
    with pytest.raises(TokenRefused):
        bank.tokens.verify(grant.access, START)
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(grant.refresh, START)
    assert bank.tokens.verify(second.access, START)
    bank.tokens.drop(second.refresh, START)
    bank.tokens.drop("no such token", START)
    with pytest.raises(TokenRefused):
        bank.tokens.verify(second.access, START)


def test_revocations_are_forgotten_once_the_tokens_are_over(bank: Identity, grant: Grant) -> None:
    bank.tokens.sign_out(bank.tokens.verify(grant.access, START), START)
    later = START + 14 * HOUR_MS
    with pytest.raises(TokenRefused):
        bank.tokens.verify(grant.access, later)
    again = bank.tokens.issue(bank.accounts.get(APPROVER), later)
    bank.tokens.revoke("x", later + 1, later)
    assert [row["number"] for row in bank.accounts.database.rows("SELECT number FROM revoked")] == ["x"]
    rows = bank.accounts.database.rows("SELECT family FROM refreshes")
    assert [row["family"] for row in rows] == [claims_of(again.access)["sid"]]


# refreshing -----------------------------------------------------------------------------------------------------------


def test_a_refresh_token_is_used_once_and_follows_the_posts(bank: Identity, grant: Grant) -> None:
    second = bank.tokens.refresh(grant.refresh, START + MINUTE_MS)
    third = bank.tokens.refresh(second.refresh, START + 2 * MINUTE_MS)
    caller = bank.tokens.verify(third.access, START + 2 * MINUTE_MS)
    assert (caller.subject, caller.signed_in_at) == (APPROVER, START)
    assert len({grant.refresh, second.refresh, third.refresh}) == 3


def test_what_a_post_may_no_longer_do_is_not_prolonged(tmp_path: Path) -> None:
    """A bank is opened again with other rules of the same post."""
    bank = a_bank(tmp_path)
    lost, *kept = sorted(bank.posts.permissions(["initial_approver"]))
    more = bank.tokens.issue(settled(bank, APPROVER), START, [lost, *kept])
    bank.close()
    posts = packaged("posts")["posts"]
    [post] = [one for one in posts if one["key"] == "initial_approver"]
    post["permissions"] = [name for name in post["permissions"] if name != lost]
    bank = Identity.open(tmp_path, lambda: START, overrides={"posts": {"posts": posts}}, passwords=cheap())
    again = bank.tokens.refresh(more.refresh, START + MINUTE_MS)
    assert bank.tokens.verify(again.access, START + MINUTE_MS).scopes == frozenset(kept)


def test_a_refresh_token_that_comes_again_ends_its_whole_family(bank: Identity, grant: Grant) -> None:
    other = bank.tokens.issue(bank.accounts.get(APPROVER), START)
    second = bank.tokens.refresh(grant.refresh, START)
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(grant.refresh, START)
    for token in (grant.access, second.access):
        with pytest.raises(TokenRefused, match="revoked"):
            bank.tokens.verify(token, START)
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(second.refresh, START)
    assert bank.tokens.verify(other.access, START)


def test_a_sign_in_is_over_after_twelve_hours_however_often_it_is_prolonged(bank: Identity, grant: Grant) -> None:
    token = grant.refresh
    for hour in range(12):
        token = bank.tokens.refresh(token, START + hour * HOUR_MS).refresh
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(token, START + 12 * HOUR_MS)


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1", "\ud800"])
def test_an_unknown_refresh_token_is_refused(bank: Identity, token: str) -> None:
    with pytest.raises(TokenRefused):
        bank.tokens.refresh(token, START)


def test_refresh_tokens_are_kept_as_digests(bank: Identity, grant: Grant, tmp_path: Path) -> None:
    assert bank.accounts.database.row("SELECT 1 FROM refreshes") is not None
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert not [one for one in files if grant.refresh.encode() in one.read_bytes()]
