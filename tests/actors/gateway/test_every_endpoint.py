"""What holds for every endpoint of its kind, found in the API's own description: whoever lists sees what is within his reach,
whoever acts acts as himself, numbers are masked wherever they stand, and what is open to everybody is not asked without end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from actors.gateway.applications import ZHANG
from actors.identity.rates import Rates
from credit.numbers import person_of
from credit.policies.posts import PERMISSIONS, Rate
from tests.actors.gateway.access import FIXED, OPEN, Endpoint, asked, endpoints
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live
from tests.actors.gateway.papers import pdf

DESKS = ["initial_approver", "collector_early", "collector_middle", "collector_long"]
LISTED = {
    "/v1/contracts": ("contracts:read", "paper"),
    "/v1/contracts/pending": ("contracts:handle", "pending"),
    "/v1/contracts/unscanned": ("contracts:handle", "paper"),
    "/v1/tasks": ("tasks:read", "asked"),
    "/v1/collections/tasks": ("tasks:read", "paid"),
    "/v1/events": ("events:read", "paid"),
    "/v1/exports/{number}/file": ("loans:read", "paid"),
    "/v1/exports/{number}/file?applications": ("applications:read", "pending"),
}
"""Lists of what belongs to branches: what one needs to see them, and which of a branch's cases stands in them."""
OF_NO_BRANCH = {
    "/v1/products", "/v1/products/{key}", "/v1/products/{key}/form", "/v1/audit/bureau-queries", "/v1/vouchers/{code}",
    "/vouchers/{code}", "/v1/exports", "/v1/clock", "/health", "/metrics", "/v1/sites", "/v1/sites/switches", "/me", "/accounts",
    "/accounts/proposals", "/v1/lists/entries", "/v1/lists/library",
}  # fmt: skip
"""What is the whole bank's, or one's own."""
ME, COLLEAGUE = 1_010_001, "1010002"
NOT_ACTING = {
    "GET /v1/audit/bureau-queries",
    "POST /v1/loans/{loan}/disbursement/initiation",
    "POST /v1/loans/{loan}/disbursement/review",
}
"""A number that is looked for; and what is tried where a payment waits (`test_duties`)."""
ASKED_WITHOUT_END = {"GET /v1/clock", "GET /health", "GET /metrics"}
"""Open, and answered however often somebody asks."""
SHOWN = {
    "/v1/applications/{case}/story", "/v1/loans/{loan}/voucher", "/v1/vouchers/{code}", "/v1/loans/{loan}/debit",
    "/v1/customers/{customer}", "/v1/customers/{customer}/file", "/v1/applications/{case}/contract/document",
}  # fmt: skip
"""Where whoever may see them finds whole numbers."""
WHOLE = [str(ZHANG[name]) for name in ("account", "id_number", "mobile")]


@dataclass
class Branches:
    """A bank whose branches 1 and 2 have the same of everything that is listed."""

    bank: LiveBank
    cases: dict[str, list[str]]
    exports: dict[str, int]
    exporter: str

    @contextmanager
    def calls(self, **who: Any) -> Iterator[None]:
        """Everybody is this one."""
        self.bank.app.state.signed_in = calling(replace(EVERYBODY, **who))
        try:
            yield
        finally:
            self.bank.app.state.signed_in = calling(EVERYBODY)

    def known(self) -> list[Endpoint]:
        """The endpoints of the API's description."""
        return endpoints(self.bank.app.openapi())

    def path(self, endpoint: Endpoint) -> str:
        """Its path, with what branch 1 has."""
        kind = "paper" if endpoint.path.endswith("/scan") else "pending"
        own = {name: self.cases[of][0] for name, of in (("case", kind), ("task", "task"), ("code", "code"))}
        own |= {"loan": f"{self.cases['paid'][0]}01", "customer": "1"}
        return re.sub(r"\{(\w+)\}", lambda name: (FIXED | own)[name[1]], endpoint.path)


@pytest.fixture(scope="module")
def found() -> Iterator[Branches]:
    with live(people=DESKS) as bank:
        agreed = [one for one in ZHANG["consents"] if one != "auto_debit"]
        cases = {"paid": [bank.paid_out(branch=branch, consents=agreed)[:-2] for branch in (1, 2)]}
        bank.advance(days=62)
        for kind in ("pending", "paper"):
            cases[kind] = [str(bank.apply(branch=branch)["case"]) for branch in (1, 2)]
        for case in cases["paper"]:
            bank.check_terms(case)
            path = f"/v1/applications/{case}/contract"
            word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})["confirmation"]
            bank.post(f"{path}/signature", {"confirmation": word, "mode": "paper"})
        cases["task"] = [asked(bank, branch) for branch in (1, 2)]
        cases["asked"] = [bank.get(f"/v1/tasks/{task}")["case"] for task in cases["task"]]
        cases["code"] = [bank.get(f"/v1/loans/{case}01/voucher")["code"] for case in cases["paid"]]
        identity, people = bank.identity, [person_of(1, 99, seat) for seat in (1, 2)]
        posts = ("head_office_risk", "business_administrator")
        identity.accounts.open_staff([(one, [post]) for one, post in zip(people, posts, strict=True)], identity.clock())
        asks, decides = (f"staff:{one}" for one in people)
        exports = {}
        for what in ("loans", "applications"):
            value = {"format": "csv", "reason": "x"}
            number = identity.changes.propose(asks, "export", f"export:{what}", value, identity.clock()).number
            identity.changes.confirm(decides, number, identity.clock())
            exports[what] = number
        yield Branches(bank, cases, exports, asks)


@pytest.mark.requirement("CON-18.c", "SEC-02.a", "SEC-02.b")
@pytest.mark.parametrize("path", LISTED)
def test_a_list_shows_a_branch_its_own_alone_and_all_to_whom_a_post_shows_all(found: Branches, path: str) -> None:
    permission, kind = LISTED[path]
    posts = [one for one in found.bank.identity.posts if permission in one.permissions]
    own = tuple(one.key for one in posts if one.scope != "all_branches")
    number = found.exports[path.partition("?")[2] or "loans"]
    where = path.partition("?")[0].replace("{number}", str(number))
    query = {"/v1/events": "?until_idle=true", "/v1/tasks": "?limit=200"}.get(path, "")
    for who, seen in (((1, own), {0}), ((2, own), {1}), ((0, EVERYBODY.posts), {0, 1})):
        with found.calls(branch=who[0], posts=who[1], subject=found.exporter):
            text = str(found.bank.get(where + query, headers={"Last-Event-ID": "0.0"} if "events" in path else {}))
        assert {place for place, case in enumerate(found.cases[kind]) if case in text} == seen, who


def test_every_list_is_known_to_be_of_branches_or_of_none(found: Branches) -> None:
    lists = {one.path for one in found.known() if one.method == "GET" and not one.owned}
    assert lists == OF_NO_BRANCH | {path.partition("?")[0] for path in LISTED}


def body_of(found: Branches, endpoint: Endpoint) -> tuple[dict[str, Any], set[str]]:
    """An example of an endpoint's body, and where it or the query says who acts."""
    document = found.bank.app.openapi()
    said = document["paths"][endpoint.path][endpoint.method.lower()]
    names = {one["name"] for one in said.get("parameters", []) if one["in"] == "query"}
    content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = document["components"]["schemas"].get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
    names |= set(schema.get("properties", {}))
    return dict(schema.get("examples", [{}])[0]), names & {"person", "operator"}


def test_nobody_acts_under_a_colleagues_name_wherever_one_says_who_acts(found: Branches) -> None:
    word = {"round": 0, "attempt": 1}
    path = f"/v1/applications/{found.cases['pending'][0]}/contract/confirmation"
    confirmation = found.bank.post(path, word)["confirmation"]
    wrong, tried = [], 0
    with found.calls(person=ME, branch=1):
        for one in found.known():
            body, names = body_of(found, one)
            if not names or f"{one.method} {one.path}" in NOT_ACTING:
                continue
            name = "operator" if "operator" in names else "person"
            body |= {"confirmation": confirmation} if "confirmation" in body else {}
            answer = acted(found, one, body, name)
            tried += 1
            if answer.status_code != 403 or f"you are person {ME}" not in answer.text:
                wrong.append(f"{one.method} {one.path}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert tried > 15


def acted(found: Branches, one: Endpoint, body: dict[str, Any], name: str) -> httpx.Response:
    """The answer to a body; to a file, or to a question of what is mine, where the query says who acts."""
    client, path, said = found.bank.client, found.path(one), {name: COLLEAGUE}
    if one.method == "GET":
        return client.get(path, params=said | {"mine": True})
    if body:
        return client.post(path, json=body | said)
    return client.post(path, params=said, files={"file": ("scan.pdf", pdf())})


@pytest.mark.requirement("SEC-09.a")
def test_nothing_shows_whole_numbers_to_who_may_see_none(found: Branches) -> None:
    every = frozenset(PERMISSIONS)
    shown: dict[bool, list[str]] = {}
    for may in (True, False):
        with found.calls(scopes=every if may else every - {"pii:read", "account_numbers:read"}):
            shown[may] = list(numbers_shown(found))
    assert shown[False] == []
    assert set(shown[True]) >= SHOWN


def numbers_shown(found: Branches) -> Iterator[str]:
    """The paths of which the answers hold a number of Mr Zhang's as he gave it."""
    for one in found.known():
        if one.method == "GET":
            query = "?until_idle=true" if one.path == "/v1/events" else ""
            content = found.bank.client.get(found.path(one) + query).content
            if any(number.encode() in content for number in WHOLE):
                yield one.path


@pytest.mark.requirement("API-08.b")
def test_what_is_open_to_everybody_and_costs_something_is_not_asked_without_end(found: Branches) -> None:
    plenty, limits = found.bank.identity.rates, set()
    opened = [one for one in found.known() if one.needs == (OPEN,)]
    try:
        for one in opened:
            few = Rates({"nobody": Rate(per_second=0.01, burst=2)})
            object.__setattr__(found.bank.identity, "rates", few)
            said = {"data": {"token": "x"}} if one.method == "POST" else {}
            answers = [found.bank.client.request(one.method, found.path(one), **said).status_code for _ in range(3)]
            limits |= {f"{one.method} {one.path}"} if answers[-1] == 429 != answers[0] else set()
    finally:
        object.__setattr__(found.bank.identity, "rates", plenty)
    assert {f"{one.method} {one.path}" for one in opened} == limits | ASKED_WITHOUT_END
    assert not limits & ASKED_WITHOUT_END
