"""The witness (仲裁): who leads the bank, and which sites are in step with it. It is asked only when that changes, so the bank
goes on without it as long as nothing else fails; and nothing changes without it, so two sites never lead at once, wherever the
lines between them are cut.

    configuration:  epoch · leader · in step (每个已确认的窗口都有)
    take over       a site in step, once the leader has been silent for `Terms.silent_ms`, or by hand
                    another site, once the leader and all in step have been silent for `Terms.remote_ms`, or by hand
    hand over       the leader, to a site in step: a planned switch
    keep in step    the leader: who is in step from the next window on

A sign of life says what time it is there. Whose clock is alone among clocks that agree gives none, as far as the witness is
concerned, and does not take over by itself: a bank's days are not to be what one wrong clock says.

A site in step holds every window that anybody was answered for: so its taking over loses nothing. A site out of step may lack
some; how many is told when the others come back. By hand means two people, neither of them twice (DR-09, DR-10)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from actors.book.store import Fenced, StoreError

PEOPLE_NEEDED = 2
"""So many decide on a switch by hand."""


def people(by: Iterable[str]) -> set[str]:
    """Who these names are: blanks, letters' case and width make nobody a second person."""
    return {name for one in by if (name := "".join(unicodedata.normalize("NFKC", one).split()).casefold())}


class Configuration(NamedTuple):
    """Who leads since which epoch, and which sites (the leader among them) hold every window that was answered for. `version`
    counts every change."""

    version: int = 0
    epoch: int = 0
    leader: str = ""
    in_step: tuple[str, ...] = ()


class Terms(NamedTuple):
    """How long others wait before they take over (our defaults but for the second: DR-09)."""

    silent_ms: int = 1_000
    """The leader, unheard by the witness for so long, may be taken over from by a site in step."""
    remote_ms: int = 300_000
    """The leader and all sites in step, unheard for so long, may be taken over from by any other."""


CLOCKS_APART_MS = 5_000
"""Clocks that differ by more do not agree (our default: ten times what a line and a busy machine take)."""
CLOCK_HEARD_MS = 10_000
"""What a site said of its clock counts for so long."""


class NotYours(StoreError):
    """A change that this site may not make now: why, and what would be right."""


class WrongClock(NotYours):
    """A site whose clock is wrong."""


class Keeper(Protocol):
    """What a site asks of the witness. All methods raise StoreError where it can't be reached."""

    def configuration(self) -> Configuration: ...

    def heard(self, site: str, wall_ms: int | None = None) -> Configuration:
        """A sign of life, and what time it is there. WrongClock where more clocks agree with another one."""

    def take_over(self, site: str, seen: Configuration, by: Sequence[str] = ()) -> Configuration: ...

    def hand_over(self, site: str, seen: Configuration, to: str) -> Configuration: ...

    def keep_in_step(self, site: str, seen: Configuration, in_step: Iterable[str]) -> Configuration: ...


class Witness:
    """See the module's text. `keep` makes a configuration durable before it is told."""

    def __init__(
        self,
        clock: Callable[[], int],
        keep: Callable[[Configuration], object],
        kept: Configuration | None = None,
        terms: Terms | None = None,
        wall: Callable[[], int] = int,
    ) -> None:
        """`clock`: ms that never go back, from any begin; `kept`: what was made durable last; `wall`: what time it is (ms)."""
        self._clock, self._keep, self._terms, self._wall = clock, keep, terms or Terms(), wall
        self._ahead: dict[str, tuple[int, int]] = {}
        """By how many ms a site's clock is ahead of the one here, and when it was heard."""
        self._now = kept or Configuration()
        self._heard: dict[str, int] = {}
        self._began = clock()

    def configuration(self) -> Configuration:
        return self._now

    def heard(self, site: str, wall_ms: int | None = None) -> Configuration:
        if wall_ms is not None:
            self._ahead[site] = (wall_ms - self._wall(), self._clock())
        self._check_clock(site)
        self._heard[site] = self._clock()
        return self._now

    def _check_clock(self, site: str) -> None:
        """A clock is wrong where more clocks agree with another one than with it; of two that differ nobody knows which is."""
        since = self._clock() - CLOCK_HEARD_MS
        known = {name: ahead for name, (ahead, at) in self._ahead.items() if at >= since}
        if site not in known:
            return
        ahead, clocks = known[site], [0, *known.values()]

        def agree(one: int) -> int:
            return sum(abs(one - other) <= CLOCKS_APART_MS for other in clocks)

        if (most := max(map(agree, clocks))) > agree(ahead):
            how = "ahead of" if ahead > 0 else "behind"
            raise WrongClock(
                f"{site}: its clock is {abs(ahead) / 1_000:,.1f} s {how} the witness's; {most} clocks agree with one another, "
                f"{agree(ahead) - 1} with it; set it right"
            )

    def take_over(self, site: str, seen: Configuration, by: Sequence[str] = ()) -> Configuration:
        """The first site that asks of all leads a new bank; the leader itself takes a new epoch at each start. `by`: the people
        who decided it by hand. NotYours where it may not, and Fenced where it does not know how things stand."""
        self._check(seen)
        now = self._now
        if not self._by_hand(by):
            self._check_clock(site)
        if now.leader not in ("", site) and not self._by_hand(by):
            silent = self._silent_ms(now.leader)
            if site in now.in_step:
                self._wait(silent, self._terms.silent_ms, now.leader)
            else:
                quietest = min((self._silent_ms(one), one) for one in now.in_step)
                self._wait(quietest[0], self._terms.remote_ms, quietest[1])
        in_step = now.in_step if site == now.leader else (site,)
        return self._become(Configuration(now.version + 1, now.epoch + 1, site, in_step))

    def hand_over(self, site: str, seen: Configuration, to: str) -> Configuration:
        """A planned switch: the next epoch begins with another leader, and all in step stay so."""
        self._check_leader(site, seen)
        if to not in self._now.in_step:
            raise NotYours(f"{to} is not in step with {site}; wait until it is, or choose one of {self._others(site)}")
        return self._become(self._now._replace(version=seen.version + 1, epoch=seen.epoch + 1, leader=to))

    def keep_in_step(self, site: str, seen: Configuration, in_step: Iterable[str]) -> Configuration:
        self._check_leader(site, seen)
        return self._become(self._now._replace(version=seen.version + 1, in_step=tuple(sorted({site, *in_step}))))

    def _check(self, seen: Configuration) -> None:
        if seen.version != self._now.version:
            raise Fenced(
                f"the bank's sites have changed meanwhile: {self._now.leader} leads since epoch {self._now.epoch}"
            )

    def _check_leader(self, site: str, seen: Configuration) -> None:
        self._check(seen)
        if site != self._now.leader:
            raise NotYours(f"{site} does not lead: {self._now.leader} does; ask there")

    def _by_hand(self, by: Sequence[str]) -> bool:
        if by and len(people(by)) < PEOPLE_NEEDED:
            raise NotYours(f"a switch by hand is decided by {PEOPLE_NEEDED} people; {by[0]} is alone")
        return bool(by)

    def _silent_ms(self, site: str) -> int:
        return self._clock() - self._heard.get(site, self._began)

    def _wait(self, silent_ms: int, needed_ms: int, site: str) -> None:
        if silent_ms < needed_ms:
            raise NotYours(
                f"{site} was heard {silent_ms / 1_000:.1f} s ago; another site takes over after {needed_ms / 1_000:.1f} s of "
                f"silence, or by the decision of {PEOPLE_NEEDED} people"
            )

    def _others(self, site: str) -> str:
        return ", ".join(one for one in self._now.in_step if one != site) or "none: no other is in step"

    def _become(self, next_one: Configuration) -> Configuration:
        self._keep(next_one)
        self._now = next_one
        return next_one
