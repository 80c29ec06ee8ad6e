"""Who may do what over HTTP, asked of a bank: every endpoint of the API's own description, by everybody, with own and with other
people's data. ``docs/access.md`` holds what is expected; ``python -m tests.actors.gateway.access`` prints what is."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from actors.gateway.login import signed_in
from actors.gateway.reach import OWNED
from actors.identity.accounts import Account
from credit.numbers import person_of
from credit.policies.posts import PERMISSIONS
from tests.actors.gateway.live import POST, LiveBank, live

TABLE = Path(__file__).parents[3] / "docs" / "access.md"
LARGE = {"amount_fen": 25_000_000}
FIXED = {
    "number": "99",
    "code": "x",
    "key": "consumer_loan",
    "desk": "initial_approver",
    "material": "id_front",
    "nth": "1",
    "proposal": "99",
}
"""What stands in paths and is nobody's."""
OPEN = "open"


class Endpoint(NamedTuple):
    """One of the description's operations. `needs`: one of these permissions; nothing where everybody signed in may, or nobody
    is asked who he is (`OPEN`)."""

    method: str
    path: str
    needs: tuple[str, ...]

    @property
    def owned(self) -> bool:
        """Whether its path names somebody's data."""
        return any(f"{{{name}}}" in self.path for name in OWNED)


def endpoints(document: dict[str, Any]) -> list[Endpoint]:
    """All of the description, in its order."""
    found = []
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            asked = [one for way in said.get("security", []) for one in way["oauth"]]
            found.append(Endpoint(method.upper(), path, tuple(asked) if "security" in said else (OPEN,)))
    return found


@dataclass
class House:
    """A bank with two of everything: one at branch 1, which the first customer and the first system hold, one at branch 2."""

    bank: LiveBank
    own: dict[str, str]
    other: dict[str, str]
    tokens: dict[str, str]

    @cached_property
    def line(self) -> http.client.HTTPConnection:
        """The plainest client there is, since thousands are asked for."""
        url = self.bank.client.base_url
        return http.client.HTTPConnection(url.host, url.port)

    def ask(self, endpoint: Endpoint, who: str, whose: dict[str, str] | None = None) -> tuple[int, bytes]:
        """The answer to a request that carries nothing that could be done: a body is an empty list."""
        path = re.sub(r"\{(\w+)\}", lambda name: ((whose or self.own) | FIXED)[name[1]], endpoint.path)
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        query = "?until_idle=true" if endpoint.path == "/v1/events" else ""
        body = b"[]" if endpoint.method == "POST" else None
        self.line.request(endpoint.method, path + query, body, headers | {"Content-Type": "application/json"})
        answer = self.line.getresponse()
        return answer.status, answer.read()

    def may(self, endpoint: Endpoint, who: str) -> str:
        """``yes``, ``own`` where it is so with own data alone, ``none`` where not even with them, ``no``, or 401."""
        found = self.ask(endpoint, who)
        if found[0] in (401, 403):
            return {401: "401", 403: "no"}[found[0]]
        if not endpoint.owned:
            return "yes"
        own, other = (_is_nowhere(*answer) for answer in (found, self.ask(endpoint, who, self.other)))
        return {(False, True): "own", (False, False): "yes"}.get((own, other), "none")


@contextmanager
def house() -> Iterator[House]:
    """Opens it; takes some seconds."""
    with live(people=["initial_approver"]) as bank:
        identity, now = bank.identity, bank.identity.clock()
        secret = "Three-words-7"
        customers = [identity.accounts.open_customer(f"{n}", f"1380013800{n}", secret, now) for n in (1, 2)]
        for client in ("one", "two"):
            identity.accounts.open_system(client, identity.posts.policy.clients, now)
        tokens = {}
        for seat, post in enumerate(post for post in identity.posts if post.key != POST["key"]):
            person = person_of(1, 99, seat + 1)
            identity.accounts.open_staff([(person, [post.key])], now)
            tokens[post.key] = _token(bank, replace(identity.accounts.get(f"staff:{person}"), must_change=False))
        sides: list[dict[str, str]] = []
        for branch in (1, 2):
            case = bank.apply(branch=branch)["case"]
            customer = str(bank.customer_of(case))
            bank.sign(case)
            task = asked(bank, branch)
            sides.append({"case": case, "loan": f"{case}01", "task": task, "customer": customer})
        bank.advance(days=1)
        for side, account, client in zip(sides, customers, ("one", "two"), strict=True):
            with identity.accounts.database.transaction():
                identity.accounts._bind(account.subject, int(side["customer"]))
            for subject in (account.subject, f"system:{client}"):
                identity.holdings.add([(int(side["case"]), subject)])
        tokens |= {"customer": _token(bank, customers[0]), "system": _token(bank, identity.accounts.get("system:one"))}
        bank.app.state.signed_in = signed_in
        yield House(bank, sides[0], sides[1], tokens)


def _is_nowhere(status: int, body: bytes) -> bool:
    """Whether what the path names is not there for whoever asked."""
    return status == 404 and str(json.loads(body)["detail_en"]).startswith("there is no ")


def _token(bank: LiveBank, account: Account) -> str:
    return bank.identity.tokens.issue(account, bank.identity.clock()).access


def asked(bank: LiveBank, branch: int) -> str:
    for _ in range(5):
        case = bank.hand_in(branch=branch, **LARGE)["case"]
        for _ in range(30):
            waiting = bank.get("/v1/tasks?limit=200")["tasks"]
            if found := [one["task"] for one in waiting if one.get("case") == case]:
                return str(found[0])
            if bank.get(f"/v1/applications/{case}")["step"] == "closed":
                break
            bank.a_minute()
    raise AssertionError("nobody was asked")


def rows(found: House) -> list[str]:
    """The table of endpoints, as behaviour says: customers and systems each for themselves, staff by their permission."""
    lines = ["| endpoint | needs | nobody | customer | system |", "|---|---|---|---|---|"]
    for one in endpoints(found.bank.app.openapi()):
        asked = ("",) if one.needs == (OPEN,) else ("", "customer", "system")
        cells = [found.may(one, who) for who in asked]
        cells += ["yes"] * (3 - len(cells))
        needs = " or ".join(one.needs) or "signing in"
        lines.append(f"| {one.method} {one.path} | {needs} | {' | '.join(cells)} |")
    return lines


def posts(found: House) -> list[str]:
    """The table of permissions: which posts hold each, and with whose data."""
    held = [one for one in found.bank.identity.posts if one.key != POST["key"]]
    lines = ["| permission | own branch | all branches | without data |", "|---|---|---|---|"]
    for name in PERMISSIONS:
        by_scope = {
            scope: ", ".join(one.key for one in held if name in one.permissions and one.scope in scopes)
            for scope, scopes in (
                ("own", ("own_branch", "own_customers")),
                ("all", ("all_branches",)),
                ("none", ("none",)),
            )
        }
        lines.append(f"| {name} | {' | '.join(by_scope.values())} |")
    return lines


def table(text: str, head: str) -> list[list[str]]:
    """The cells of a table of `TABLE`, without its head."""
    lines = text[text.index(head) :].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


if __name__ == "__main__":
    with house() as one:
        print("\n".join([*rows(one), "", *posts(one)]))
