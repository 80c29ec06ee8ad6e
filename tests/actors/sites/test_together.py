"""Whatever is done at two sites, and in whatever order and how often they tell each other of it: in the end both say the same,
and who was closed and not opened by somebody who knew of it is closed at both."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.identity.errors import IdentityError, TokenRefused
from credit.contracts.states import SignMode
from tests.actors.identity.builders import APPROVAL, APPROVER, ID_NUMBER, PASSWORD, START, Clock
from tests.actors.sites.homes import Site, a_contract, exchange, founded

MEMORY = Path("/dev/shm")
"""Where it is there, nothing waits for a disk."""
WHO = some.sampled_from([APPROVER, "staff:1020001"])
AT = some.sampled_from([0, 1])


class TwoSites(RuleBasedStateMachine):
    """`closed`: the closings that a site knows of, by account; `answered`: those that somebody who opened it again knew of."""

    @initialize()
    def found(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.clock = Clock()
        self.sites = founded(self.folder, ["a", "b"], self.clock)
        self.told: list[list[list]] = [[], []]
        self.closed: list[set[tuple[str, int]]] = [set(), set()]
        self.answered: list[set[tuple[str, int]]] = [set(), set()]
        self.refreshes: list[str] = []
        self.step = 0

    def teardown(self) -> None:
        if hasattr(self, "sites"):
            self.agree()
            for site in self.sites:
                site.close()
            shutil.rmtree(self.folder)

    def agree(self) -> None:
        exchange(self.sites)
        one, other = (site.holds() for site in self.sites)
        assert one == other
        for account in self.sites[0].identity.accounts.all("staff"):
            closed = {one for known in self.closed for one in known if one[0] == account.subject}
            assert account.active == (closed <= self.answered[0] | self.answered[1])

    @rule(at=AT, who=WHO)
    def close(self, at: int, who: str) -> None:
        self.sites[at].identity.accounts.set_active(who, False)
        self.step += 1
        self.closed[at].add((who, self.step))

    @rule(at=AT, who=WHO)
    def open(self, at: int, who: str) -> None:
        self.sites[at].identity.accounts.set_active(who, True)
        self.answered[at] |= {one for one in self.closed[at] if one[0] == who}

    @rule(at=AT, who=WHO)
    def change_posts(self, at: int, who: str) -> None:
        if self.sites[at].identity.accounts.get(who).active:
            self.sites[at].identity.accounts.set_posts(who, ["risk_specialist"])

    @rule(at=AT, who=WHO)
    def reset(self, at: int, who: str) -> None:
        if self.sites[at].identity.accounts.get(who).active:
            self.sites[at].identity.accounts.reset(who)

    @rule(at=AT, who=WHO)
    def choose_a_password(self, at: int, who: str) -> None:
        accounts = self.sites[at].identity.accounts
        with suppress(IdentityError):
            accounts.change_password(who, accounts.first_password(who), PASSWORD, self.clock.now)

    @rule(at=AT, who=WHO, word=some.sampled_from([PASSWORD, "Not-this-one-9"]))
    def sign_in(self, at: int, who: str, word: str) -> None:
        identity = self.sites[at].identity
        self.clock.now += 1
        with suppress(IdentityError):
            account = identity.accounts.sign_in("staff", who.removeprefix("staff:"), word, self.clock.now)
            self.refreshes.append(identity.tokens.issue(account, self.clock.now).refresh)

    @rule(at=AT, who=WHO)
    def unlock(self, at: int, who: str) -> None:
        self.sites[at].identity.accounts.unlock(who)

    @rule(at=AT)
    def refresh(self, at: int) -> None:
        if self.refreshes:
            with suppress(TokenRefused):
                self.refreshes.append(
                    self.sites[at].identity.tokens.refresh(self.refreshes[-1], self.clock.now).refresh
                )

    @rule(at=AT, number=some.integers(1, 6), yes=some.booleans())
    def two_people(self, at: int, number: int, yes: bool) -> None:
        changes = self.sites[at].identity.changes
        with suppress(IdentityError):
            changes.propose(APPROVAL[0], "posts", APPROVER, ["use_verifier"], START)
        with suppress(IdentityError):
            (changes.confirm if yes else changes.refuse)(APPROVAL[1], number, START)

    @rule(at=AT, mobile=some.sampled_from(["13800138000", "13900139000"]), proven=some.booleans())
    def register(self, at: int, mobile: str, proven: bool) -> None:
        accounts = self.sites[at].identity.accounts
        subject = accounts.open_customer(ID_NUMBER, mobile, PASSWORD, START).subject
        if proven:
            with suppress(IdentityError):
                accounts.bind_customer(subject, 7, ID_NUMBER)

    @rule(at=AT, case=some.integers(1, 3), signed=some.booleans())
    def hold_and_sign(self, at: int, case: int, signed: bool) -> None:
        self.sites[at].identity.holdings.add([(case, f"customer:{case}")])
        self.sites[at].archive.lay(a_contract("a text", f"HT-{case}"))
        if signed:
            self.sites[at].archive.sign(a_contract("a text", f"HT-{case}"), SignMode(1), START, START)

    @rule(at=AT, turn=some.randoms(use_true_random=False), again=some.booleans())
    def tell(self, at: int, turn, again: bool) -> None:
        one, other = self.sites[at], self.sites[1 - at]
        records, one.cursors[other.name] = one.folder.changes(one.cursors.get(other.name, {}))
        self.told[at].append(records)
        parts = self.told[at] if again else [records]
        for part in turn.sample(parts, len(parts)):
            other.folder.take(turn.sample(part, len(part)))
        self.closed[1 - at] |= self.closed[at]
        self.answered[1 - at] |= self.answered[at]

    @invariant()
    def nobody_is_let_in_who_is_closed(self) -> None:
        for site, closed, answered in zip(getattr(self, "sites", ()), self.closed, self.answered, strict=True):
            for who in {who for who, _ in closed - answered}:
                assert not site.identity.accounts.get(who).active

    @invariant()
    def one_person_is_proven_once(self) -> None:
        for site in getattr(self, "sites", ()):
            proven = [one for one in site.identity.accounts.all("customer") if one.party and one.active]
            assert len(proven) <= 1


TwoSites.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTwoSites = TwoSites.TestCase


def test_sites_that_never_spoke_agree_after_one_exchange(tmp_path: Path) -> None:
    sites: list[Site] = founded(tmp_path, ["a", "b", "far"])
    for site in sites:
        site.identity.accounts.set_active(APPROVER, False)
    sites[1].identity.accounts.set_active(APPROVER, True)
    exchange(sites)
    assert sites[0].holds() == sites[1].holds() == sites[2].holds()
    assert not sites[2].identity.accounts.get(APPROVER).active
    for site in sites:
        site.close()
