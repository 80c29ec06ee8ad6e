"""The leader's store: its own book, and those of the sites in step, which hold each window before anybody is answered for it. A
site in step that does not answer is put out of step by the witness before the bank goes on without it; one that comes back is
brought up to date and then let in again. Its own book comes first: so another's never goes further.

    append:   own book → each site in step → done           a site does not answer → the witness puts it out of step → done
              no other in step → the witness → done         the witness does not answer either → not done (try again)

Where the witness does what it is asked and its answer is lost, the leader does not know who is in step: whoever may be holds
every window until it has learnt it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from actors.book.store import OPENING, Entry, Fenced, Founding, Snapshot, Standing, Store, StoreError, seal_of
from actors.sites.receiver import Astray, Peer, Receiver, opening
from actors.sites.witness import Configuration, Keeper

_log = logging.getLogger(__name__)


class ReplicatedStore:
    """See the module's text. A store as any other; only who may enter is the witness's to say."""

    def __init__(
        self,
        site: str,
        own: Receiver,
        peers: Mapping[str, Peer],
        keeper: Keeper,
        before: Callable[[str, Sequence[Entry]], object] = lambda _, __: None,
        at_once: int = 50,
    ) -> None:
        """`own`: this site's book, which it goes on with from where it followed; `peers`: the other sites by name; `before`:
        brings to a site what windows speak of and do not hold, before they are sent there; `at_once`: how many windows go in
        one call."""
        self.site, self._receiver, self._peers, self.keeper = site, own, peers, keeper
        self._before, self._at_once = before, at_once
        self.configuration = Configuration()
        """Who is in step, as far as this site is sure of it."""
        self._perhaps: frozenset[str] = frozenset()
        """Who may be in step besides: the witness was asked, and its answer was lost."""
        self._identity = ""
        self._everywhere = Standing(0, 0, b"")
        """How far every site in step holds the book."""
        self._lock = threading.RLock()

    # leading ----------------------------------------------------------------------------------------------------------

    def found(self, identity: str) -> Founding:
        self._identity = identity
        return self._own.found(identity)

    def enter(self, epoch: int | None = None) -> int:
        """Takes over, or goes on as leader, with a new epoch; sites in step that can't be reached are put out of step. StoreError
        where the witness does not let it."""
        assert epoch is None, "epochs are the witness's to give"
        with self._lock:
            self.configuration = self.keeper.take_over(self.site, self.keeper.configuration())
            self._perhaps = frozenset()
            self._own.enter(self.configuration.epoch)
            self._level()
            return self.configuration.epoch

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        if not entries:
            return
        with self._lock:
            stands = self._own.standing()
            if not entries[-1].epoch == stands.epoch == self.configuration.epoch:
                raise Fenced(f"{self.site}: its book follows the leader of epoch {stands.epoch}")
            if stands.number <= entries[-1].number:
                self._own.append(entries, epoch)
            before, after = self._everywhere, self._own.standing()
            if not (others := self._others_in_step()):
                self._confirm()
            for name in others:
                try:
                    self._before(name, entries)
                    stands = self._peers[name].append(self.configuration.epoch, before, entries)
                    if stands[1:] != after[1:]:
                        self._bring(name)
                except Fenced:
                    raise
                except StoreError as away:
                    self._put_out(name, away)
            self._everywhere = after

    def admit(self, name: str) -> None:
        """Brings a site up to date and into step. StoreError where it can't be reached."""
        with self._lock:
            self._learn()
        self._bring(name)
        with self._lock:
            self._level()
            self._bring(name)
            if name not in self.configuration.in_step:
                self._keep_in_step([*self.configuration.in_step, name])

    def feed(self, name: str) -> None:
        """Brings a site up to date that is not to be in step: one too far away to wait for (DR-08)."""
        self._bring(name)

    def hand_over(self, name: str) -> Configuration:
        """A planned switch to a site in step: the last that this site does as leader."""
        with self._lock:
            self._learn()
            self._level()
            self.configuration = self.keeper.hand_over(self.site, self.configuration, name)
            return self.configuration

    def _level(self) -> None:
        """Every site in step holds what is here, or is put out of step."""
        for name in self._others_in_step():
            try:
                self._bring(name)
            except Fenced:
                raise
            except StoreError as away:
                self._put_out(name, away)
        self._everywhere = self._own.standing()

    def _put_out(self, name: str, why: StoreError) -> None:
        """The bank goes on without a site, once the witness knows."""
        self._learn()
        if name in self._others_in_step():
            self._keep_in_step([one for one in self.configuration.in_step if one != name])
        _log.warning("%s is out of step from now on: %s", name, why.user_message)

    def _keep_in_step(self, names: Sequence[str]) -> None:
        """Has the witness know who is in step. While its answer is lost nobody knows whether it does: all who may be in step must
        hold every window, and nobody is taken to be so for sure."""
        seen = self.configuration
        self._perhaps |= {*seen.in_step, *names}
        self.configuration = seen._replace(in_step=(self.site,))
        self.configuration = self.keeper.keep_in_step(self.site, seen, names)
        self._perhaps = frozenset()

    def _learn(self) -> None:
        """What became of a change whose answer was lost. One that is still on its way is none once another was made; until then
        it may be made yet. Fenced where another leads meanwhile."""
        if not self._perhaps:
            return
        now = self._confirm()
        if now.version > self.configuration.version:
            self.configuration, self._perhaps = now, frozenset()

    def _confirm(self) -> Configuration:
        """How the witness sees it. Alone in step, a site that was silent for long hears from nobody else that another leads."""
        now = self.keeper.configuration()
        if now.epoch != self.configuration.epoch:
            raise Fenced(f"{self.site}: {now.leader} leads since epoch {now.epoch}")
        return now

    def _bring(self, name: str) -> None:
        """Sends a site what it lacks; anew where its book went another way."""
        peer, epoch = self._peers[name], self.configuration.epoch
        try:
            stands = peer.enter(epoch, self._identity)
            astray = not self._went_through(stands)
        except Astray as why:
            _log.warning("%s: %s", name, why.user_message)
            astray = True
        if astray:
            if name in self._others_in_step():
                self._put_out(name, Astray(f"the book of {name} went another way; it is copied anew"))
            begins = opening(self._own)
            stands = peer.renew(epoch, self._identity, None if begins is None else self._own.snapshot(begins))
        windows = self._own.read(stands.number)
        while entries := list(islice(windows, self._at_once)):
            seal = stands.seal
            for entry in entries:
                seal = seal_of(seal, entry)
            due = Standing(epoch, entries[-1].number + 1, seal)
            self._before(name, entries)
            stands = peer.append(epoch, stands, entries)
            if stands[1:] != due[1:]:
                raise Astray(f"{name} stands at window {stands.number}, and was sent all before {due.number}")

    def _went_through(self, stands: Standing) -> bool:
        """Whether this book stood there once, and goes on from there by its windows alone."""
        if stands.number > self._own.standing().number or (stands.seal == OPENING and opening(self._own) is not None):
            return False
        try:
            return self._own.seal_before(stands.number) == stands.seal
        except StoreError:
            return False

    def _others_in_step(self) -> list[str]:
        return sorted({*self.configuration.in_step, *self._perhaps} - {self.site})

    # the own book -----------------------------------------------------------------------------------------------------

    @property
    def _own(self) -> Store:
        return self._receiver.store

    def standing(self) -> Standing:
        return self._own.standing()

    def seal_before(self, number: int) -> bytes:
        return self._own.seal_before(number)

    def read(self, first: int = 0) -> Iterator[Entry]:
        return self._own.read(first)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        self._own.put_snapshot(snapshot)

    def snapshots(self) -> list[int]:
        return self._own.snapshots()

    def snapshot(self, number: int) -> Snapshot:
        return self._own.snapshot(number)

    def close(self) -> None:
        self._own.close()
