"""A site of a live bank: it holds what the leader sends it, works it, and passes on to the leader what its own gateways ask; and
it leads where the witness lets it. What a site is may change while its gateways' callers wait: they notice a longer answer.

    follow ──the witness lets it──► lead ──another leads, or its book is fenced──► the process ends, and is started anew
       ▲                                                                                     │
       └─────────────────────────────────────────────────────────────────────────────────────┘"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from actors.book.store import Damaged, Fenced, StoreError
from actors.clock import wall_ms
from actors.conductor import Conductor
from actors.frames import Message
from actors.link import OF_SITES, REFUSALS, Connect, LinkClient, LinkServer, Moved
from actors.sites import wire
from actors.sites.mirror import Mirror
from actors.sites.receiver import Away, Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.witness import PEOPLE_NEEDED, Configuration, Keeper, WrongClock, people

BEAT_S = 0.2
"""How often a site gives a sign of life, and looks at what it was sent."""
_FEED_S = 0.5
_MIRROR_S = 0.5
_MOVED_S = 0.05
_STUCK_S, _STALLED_S = 1.0, 10.0
"""A leader whose book takes nothing, or whose cells finish nothing, for so long gives no more signs of life."""
_PATIENCE_S = 60.0
_FIRST_LOOK_S, _VERIFY_S = 2.0, 3_600.0
"""When a site reads all of its book, after its process began and from then on: what nobody reads may be damaged unseen, since the
cells begin with a snapshot."""
_STANDING_S = 0.6
_BOOK = frozenset({"enter", "append", "renew"})
_OWN = OF_SITES | {"book", "folder", "contents"}
"""What a site answers itself, whoever leads."""
_log = logging.getLogger(__name__)


Beside = tuple[Any, frozenset[str]]
"""Something, and which of its methods other sites may call."""


class Deposed(StoreError):
    """Another site leads; this one begins anew as one that follows."""


class Site:
    """See the module's text. All methods belong to the event loop it runs in."""

    def __init__(
        self,
        live: Conductor,
        book: ReplicatedStore,
        receiver: Receiver,
        beats: Keeper,
        links: Mapping[str, Connect],
        near: Sequence[str],
        on_lead: Callable[[], object],
        beside: Mapping[str, Beside],
        mirror: Mirror,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        """`beats`: the witness, over a line of its own; `links`: how to reach the conductors of the other sites; `near`: the
        sites that are to be in step, the first of which leads a new bank; `on_lead`: is called before this one answers;
        `beside`: what other sites call here beside the book, by its name; `mirror`: tells them what changed beside it; `wall`:
        what time it is here (ms)."""
        self.live, self.book, self.receiver, self._beats = live, book, receiver, beats
        self._links, self._near, self._on_lead = links, near, on_lead
        self._beside, self._mirror, self._wall = beside, mirror, wall
        self.wrong_clock = ""
        """What the witness says of the clock here, where it differs from most others'."""
        self.seen: Configuration | None = None
        """How the sites stood when the witness was heard last."""
        self.leads = False
        self._handing_over = ""
        self._closing = False
        self._leader: tuple[str, LinkClient] | None = None
        self._deposed = asyncio.Event()
        self._beating = ThreadPoolExecutor(1, thread_name_prefix="site-beat")
        self._feeding = ThreadPoolExecutor(1, thread_name_prefix="site-feed")
        self._holding = ThreadPoolExecutor(1, thread_name_prefix="site-hold")
        self._telling = ThreadPoolExecutor(1, thread_name_prefix="site-tell")
        self._taking = ThreadPoolExecutor(1, thread_name_prefix="site-take")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="site-read")
        self._told: dict[str, str] = {}

    # life -------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Lives until it is told to close (or has handed over), or can't go on as what it is."""
        beside = [asyncio.create_task(one()) for one in (self._beat, self._verify, self._tell_beside)]
        try:
            while not self._closing and not await self._led():
                await self._follow()
                await asyncio.sleep(BEAT_S)
            if not self._closing:
                await self._lead()
        finally:
            self.leads = False
            for task in beside:
                task.cancel()
            await self._let_go_of_leader(Moved("this site begins anew"))

    def close(self) -> None:
        """Takes nothing more; finishes what is under way."""
        self._closing = True
        if self.leads:
            self.live.close()

    async def _beat(self) -> None:
        while True:
            try:
                store_s, cells_s = self.live.waits_s()
                well = not self.receiver.damage and store_s < _STUCK_S and cells_s < _STALLED_S
                if well:
                    self._see(await self._in(self._beating, self._beats.heard, self.book.site, self._wall()))
                    self.wrong_clock = ""
                else:
                    self._see(await self._in(self._beating, self._beats.configuration))
            except WrongClock as wrong:
                if not self.wrong_clock:
                    _log.warning("%s", wrong.user_message)
                self.wrong_clock = wrong.user_message
                with contextlib.suppress(StoreError):
                    self._see(await self._in(self._beating, self._beats.configuration))
            except StoreError:
                pass  # the witness is asked again
            await asyncio.sleep(BEAT_S)

    async def _verify(self) -> None:
        """A site with a damaged book gives no more signs of life, and its book is copied anew from who leads then."""
        wait_s = _FIRST_LOOK_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = _VERIFY_S
            if not self.receiver.damage:
                try:
                    await self._in(self._reading, self.receiver.verify)
                except StoreError as error:
                    _log.warning("%s: %s", self.book.site, error.user_message)

    async def _tell_beside(self) -> None:
        while True:
            await self._in(self._telling, self._mirror.round)
            await asyncio.sleep(_MIRROR_S)

    def _see(self, found: Configuration) -> None:
        if self.seen is None or found.version >= self.seen.version:
            self.seen = found
        if self.leads and found.leader != self.book.site and found.epoch > self.book.configuration.epoch:
            self._deposed.set()

    async def _led(self) -> bool:
        """Whether this site leads from now on."""
        if self.receiver.damage or self.seen is None or (not self.seen.leader and self.book.site != self._near[0]):
            return False
        try:
            await self.live.open()
        except Damaged as damage:
            self._unfit(damage)
            return False
        except StoreError:
            return False
        self._on_lead()
        self.leads = True
        self.seen = self.book.configuration
        _log.warning("%s leads since epoch %d", self.book.site, self.seen.epoch)
        await self._let_go_of_leader(Moved("this site leads now"))
        return True

    async def _follow(self) -> None:
        if self.receiver.damage:
            return
        try:
            await self.live.follow()
        except Damaged as damage:
            self._unfit(damage)
        except StoreError as error:  # its book was set aside meanwhile
            _log.info("%s: %s", self.book.site, error.user_message)

    def _unfit(self, damage: Damaged) -> None:
        """A damaged book is copied anew by whoever leads."""
        self.receiver.damage = damage.user_message
        _log.warning("%s: %s", self.book.site, damage.user_message)

    async def _lead(self) -> None:
        working: asyncio.Task[None] = asyncio.create_task(self.live.run())
        deposed = asyncio.create_task(self._deposed.wait())
        feeding: asyncio.Task[None] = asyncio.create_task(self._feed())
        try:
            await asyncio.wait({working, deposed, feeding}, return_when=asyncio.FIRST_COMPLETED)
            if deposed.done():
                raise Deposed(f"{self.seen.leader if self.seen else 'another'} leads")
            for task in (working, feeding):
                if task.done():
                    task.result()
            if self._handing_over:
                self.seen = await self._in(self._feeding, self.book.hand_over, self._handing_over)
                raise Deposed(f"handed over to {self._handing_over}")
            for name in self._links:
                with contextlib.suppress(Away):
                    await self._in(self._feeding, self.book.feed, name)  # a bank that closes leaves none behind
        except Fenced as fenced:
            raise Deposed(fenced.user_message) from None
        finally:
            for one in (working, deposed, feeding):
                one.cancel()

    async def _feed(self) -> None:
        """Brings the other sites up to date: near ones, once they know what lies beside the book, into step."""
        while True:
            for name in self._links:
                if name in self.book.configuration.in_step:
                    self._tell(name, "in step")
                    continue
                admits = name in self._near and not self._mirror.away.get(name)
                try:
                    await self._in(self._feeding, self.book.admit if admits else self.book.feed, name)
                except Fenced:
                    raise
                except StoreError as away:
                    self._tell(name, away.user_message)
                else:
                    self._tell(name, "in step" if admits else "up to date")
            await asyncio.sleep(_FEED_S)

    def _tell(self, name: str, how: str) -> None:
        if self._told.get(name) != how:
            self._told[name] = how
            _log.info("%s: %s", name, how)

    # what other sites ask ---------------------------------------------------------------------------------------------

    async def hold(self, message: Message) -> bytes:
        """What a leader has this site hold."""
        return await self._in(self._holding, wire.called, self.receiver, message, _BOOK)  # type: ignore[no-any-return]

    async def take(self, message: Message) -> bytes:
        """What another site tells of what lies beside the book."""
        what, methods = self._beside[message["do"]]
        return await self._in(self._taking, wire.called, what, message, methods)  # type: ignore[no-any-return]

    async def pass_on(self, message: Message) -> Any:
        """Has the leader answer. Moved where none is known, or another leads meanwhile."""
        leader = self.seen.leader if self.seen else ""
        if leader not in self._links:
            raise Moved("no other site leads now")
        if self._leader is None or self._leader[0] != leader:
            await self._let_go_of_leader(Moved(f"{leader} leads now"))
            self._leader = leader, LinkClient(self._links[leader])
            self._leader[1].start()
        patience_s = _STANDING_S if message["do"] == "standing" else message.get("timeout_s", 0.0) + _PATIENCE_S
        return await self._leader[1].pass_on(message | {"passed": True}, patience_s)

    async def _let_go_of_leader(self, why: Moved) -> None:
        if self._leader is not None:
            (_, link), self._leader = self._leader, None
            link.give_up(why)
            await link.stop()

    # what people decide -----------------------------------------------------------------------------------------------

    async def hand_over(self, to: str, by: Sequence[str]) -> None:
        """A planned switch, by the decision of people: what is under way is finished, what comes meanwhile waits for the next
        leader. StoreError where that can't be."""
        _decided(by)
        if not self.leads:
            raise StoreError(f"{self.book.site} does not lead; ask {self.seen.leader if self.seen else 'the leader'}")
        if to == self.book.site:
            raise StoreError(f"{to} leads already")
        if to not in self.book.configuration.in_step:
            others = ", ".join(one for one in self.book.configuration.in_step if one != self.book.site)
            raise StoreError(f"{to} is not in step with {self.book.site}; in step: {others or 'no other site'}")
        _log.warning("%s hands over to %s, by %s", self.book.site, to, ", ".join(by))
        self._handing_over, self.leads = to, False
        self.live.close()

    async def take_over(self, by: Sequence[str]) -> None:
        """This site leads by the decision of people. StoreError where the witness does not let it."""
        _decided(by)
        if self.leads:
            raise StoreError(f"{self.book.site} leads already")
        if self.receiver.damage:
            raise StoreError(f"{self.book.site}: {self.receiver.damage}")
        seen = await self._in(self._beating, self._beats.configuration)
        self.seen = await self._in(self._beating, self._beats.take_over, self.book.site, seen, tuple(by))
        _log.warning("%s takes over from %s, by %s", self.book.site, seen.leader or "nobody", ", ".join(by))

    def standing(self) -> dict[str, Any]:
        """How this site stands."""
        seen = self.seen or Configuration()
        book, live = self.book.standing(), self.live.standing()
        return {
            "site": self.book.site,
            "sites": [self.book.site, *self._links],
            "leads": self.leads,
            "leader": seen.leader,
            "epoch": seen.epoch,
            "in_step": list(seen.in_step),
            "windows": book.number,
            "seal": book.seal.hex(),
            "damage": self.receiver.damage,
            "wrong_clock": self.wrong_clock,
            "worked": live["window"],
            "chain": live["chain"],
        }

    def _in(self, pool: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


def _decided(by: Sequence[str]) -> None:
    if len(people(by)) < PEOPLE_NEEDED:
        raise StoreError(f"a switch by hand is decided by {PEOPLE_NEEDED} people; given: {', '.join(by) or 'nobody'}")


class SiteServer(LinkServer):
    """A conductor's end at one of several sites: for its own gateways, for other sites, and for who drills."""

    refusals = {**wire.REFUSALS, **REFUSALS}
    urgent = LinkServer.urgent | _OWN

    def __init__(self, site: Site) -> None:
        super().__init__(site.live)
        self._site = site

    async def answer(self, message: Message) -> Any:
        """Answers where this site leads, and else has the leader answer."""
        if message["do"] in _OWN:
            return await super().answer(message)
        until = time.monotonic() + _PATIENCE_S
        while not self._site.leads:
            try:
                if message.get("passed"):
                    raise Moved("this site does not lead")
                return await self._site.pass_on(message)
            except Moved:
                if message.get("passed") or time.monotonic() > until or message["do"] == "standing":
                    raise
                await asyncio.sleep(_MOVED_S)
        return await super().answer(message)

    async def _do_book(self, message: Message) -> bytes:
        return await self._site.hold(message)

    async def _do_folder(self, message: Message) -> bytes:
        return await self._site.take(message)

    async def _do_contents(self, message: Message) -> bytes:
        return await self._site.take(message)

    async def _do_figures(self, message: Message) -> dict[str, Any]:
        return await super()._do_figures(message) | {"site": self._site.standing()}

    async def _do_site(self, message: Message) -> dict[str, Any]:
        del message
        return self._site.standing()

    async def _do_hand_over(self, message: Message) -> None:
        await self._site.hand_over(message["to"], message["by"])

    async def _do_take_over(self, message: Message) -> None:
        await self._site.take_over(message["by"])
