"""Switches between sites over HTTP: two people who sign in, at the right door, and then the site is told who decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors.book.store import StoreError
from actors.gateway.login import signed_in
from credit.numbers import person_of
from tests.actors.gateway.live import LiveBank, live

STANDING = {
    "site": "primary", "sites": ["primary", "same-city", "remote"], "leads": True, "leader": "primary", "epoch": 4,
    "in_step": ["primary", "same-city"], "windows": 7, "seal": "0102", "damage": "", "wrong_clock": "", "worked": 6,
    "chain": "c",
}  # fmt: skip


class Site:
    """The site behind the door."""

    def __init__(self, bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bank, self.stands, self.done = bank, dict(STANDING), list[Any]()
        self.refuses = self.wang = self.li = ""
        link, identity, now = bank.app.state.bank.link, bank.identity, bank.identity.clock()

        async def site() -> dict[str, Any]:
            return self.stands

        async def decide(how: str, site: str, by: tuple[str, ...]) -> None:
            if self.refuses:
                raise StoreError(self.refuses)
            self.done.append((how, site, by))

        monkeypatch.setattr(link, "site", site)
        monkeypatch.setattr(link, "decide", decide)
        bank.app.state.signed_in = signed_in
        self.tokens = {}
        for seat, (name, post) in enumerate(
            [("wang", "system_administrator"), ("li", "system_administrator"), ("zhao", "collector")]
        ):
            person = person_of(1, 99, seat + 1)
            if identity.accounts.find(f"staff:{person}") is None:
                identity.accounts.open_staff([(person, [post])], now)
            account = replace(identity.accounts.get(f"staff:{person}"), must_change=False)
            self.tokens[name] = identity.tokens.issue(account, now).access
            setattr(self, name, account.subject)

    def ask(self, who: str, method: str, path: str, status: int, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Accept-Language": "en"}
        answer = self.bank.client.request(method, f"/v1/sites{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text[:300]
        return answer.json()

    def asked(self, to: str = "same-city", how: str = "switch") -> int:
        return int(self.ask("wang", "POST", "/switches", 201, {"site": to, "how": how, "reason": "维护"})["number"])


@pytest.fixture(scope="module")
def bank() -> Iterator[LiveBank]:
    with live() as found:
        yield found


@pytest.fixture
def site(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(bank, monkeypatch)


@pytest.mark.requirement("DR-10.b")
def test_a_switch_is_decided_by_two_people_who_signed_in(site: Site) -> None:
    number = site.asked()
    assert "second person" in site.ask("wang", "POST", f"/switches/{number}/confirm", 403)["detail"]
    site.ask("zhao", "POST", f"/switches/{number}/confirm", 403)
    assert site.done == []
    said = site.ask("li", "POST", f"/switches/{number}/confirm", 200)
    assert (said["state"], said["asked_by"], said["decided_by"]) == ("confirmed", site.wang, site.li)
    assert site.done == [("hand_over", "same-city", (site.wang, site.li))]
    assert "confirmed" in site.ask("li", "POST", f"/switches/{number}/confirm", 422)["detail"]
    assert site.ask("li", "GET", "/switches", 200)[-1] == said
    assert site.bank.identity.changes.all() == []


def test_a_take_over_is_asked_for_at_the_door_of_the_site_that_shall_lead(site: Site) -> None:
    taking = {"site": "same-city", "how": "take_over", "reason": "主中心失联"}
    assert "ask at that of same-city" in site.ask("wang", "POST", "/switches", 409, taking)["detail"]
    site.stands |= {"site": "same-city", "leads": False}
    number = site.asked("same-city", "take_over")
    site.ask("li", "POST", f"/switches/{number}/confirm", 200)
    assert site.done == [("take_over", "same-city", (site.wang, site.li))]
    switch = taking | {"how": "switch"}
    assert "ask at that of primary" in site.ask("wang", "POST", "/switches", 409, switch)["detail"]


def test_a_switch_is_confirmed_at_the_right_door_alone_and_stays_open_at_any_other(site: Site) -> None:
    number = site.asked()
    for stands, said in (
        ({"site": "same-city", "leads": False}, "ask at that of primary"),
        ({"site": "same-city", "leader": "same-city"}, "leads already"),
        ({"sites": ["primary", "remote"]}, "there is no site same-city"),
    ):
        site.stands = STANDING | stands
        status = 422 if "sites" in stands else 409
        assert said in site.ask("li", "POST", f"/switches/{number}/confirm", status)["detail"]
        assert (site.done, site.ask("li", "GET", "/switches", 200)[-1]["state"]) == ([], "open")
    site.stands = dict(STANDING)
    assert site.ask("li", "POST", f"/switches/{number}/confirm", 200)["state"] == "confirmed"


def test_what_can_not_be_is_refused_with_a_word(site: Site) -> None:
    wrong = {"site": "primary", "how": "switch", "reason": "x"}
    assert "leads already" in site.ask("wang", "POST", "/switches", 409, wrong)["detail"]
    number = site.asked()
    site.refuses = "same-city is not in step with primary"
    assert "not in step" in site.ask("li", "POST", f"/switches/{number}/confirm", 409)["detail"]
    site.ask("li", "POST", "/switches/999/confirm", 404)
    number = site.asked("remote")
    assert site.ask("wang", "POST", f"/switches/{number}/refuse", 200)["state"] == "refused"
    site.ask("li", "POST", f"/switches/{number}/confirm", 422)
    site.stands["sites"] = ["primary", "same-city"]
    body = {"site": "remote", "how": "switch", "reason": "x"}
    assert "there is no site remote" in site.ask("wang", "POST", "/switches", 422, body)["detail"]


def test_how_the_sites_stand_is_told_to_who_watches_and_a_bank_of_one_says_so(site: Site) -> None:
    assert site.ask("wang", "GET", "", 200) == STANDING
    site.ask("zhao", "GET", "", 403)
    site.stands.clear()
    assert "one site alone" in site.ask("wang", "GET", "", 404)["detail"]
