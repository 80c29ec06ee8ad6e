"""What a room with desks says about its tasks: mail kinds and tables, declared by one helper, so that every desk of the bank
speaks the same way. A room gives a name, its first number, the entity that its tasks are about, and what its offers and its
decisions say beyond that. Nine numbers are taken; what people say
are commands, each answered once:

    first      …Task                 to the world: here is a task, or here it is again
          + 1  …TaskWithdrawn        to the world: it is needed no more
          + 2  Claim…Task            领取             + 6  Give…SecondOpinion   加签意见
          + 3  Release…Task          退回             + 7  …Opinion             the decision
          + 4  HandOver…Task         转办             + 8  Appoint…Deputy       指定代理人
          + 5  Ask…SecondOpinion     加签

Nobody acts twice on what must be controlled by several people. Where the same task comes again and again, and may come to the
same person, the room says ``once=False``: acts are not kept."""

from __future__ import annotations

from dataclasses import dataclass

from credit.room import DeskCode, Kind, Room

_TASK = "branch desk priority limit_at excluded"
_LIFE = "put_at urged=0 claimed_by=0 on_behalf_of=0 claimed_at=0 asked=0 state"
_CHANGES = "priority urged claimed_by on_behalf_of claimed_at asked"


@dataclass(frozen=True, eq=False)
class DeskKinds:
    """The kinds and tables of one worklist; `entity` is the column that names what a task is about, `decides` what a decision
    says beside who decides on what."""

    room: Room
    entity: str
    tables: str
    once: bool
    labels: tuple[str, ...]
    decides: tuple[str, ...]
    task: Kind
    withdrawn: Kind
    claim: Kind
    release: Kind
    hand_over: Kind
    ask: Kind
    second: Kind
    opinion: Kind
    appoint: Kind

    @property
    def desks(self) -> list[DeskCode]:
        """The desks that the list serves."""
        return [one for one in self.room.desks or () if not self.labels or one.label in self.labels]


def desk_kinds(
    room: Room,
    name: str,
    first: int,
    *,
    entity: str,
    offers: str,
    decides: str,
    tables: str = "",
    once: bool = True,
    desks: str = "",
) -> DeskKinds:
    """Declares the kinds of a worklist and its tables, `tables` before their names where a room has two lists. `once`: nobody
    acts twice on one entity. `desks`: the labels of those it serves, where these are not all of the room."""
    of = f"{entity} task"
    room.table(f"{tables}tasks", f"task {entity} {_TASK} {offers} {_LIFE}", key="task", changes=_CHANGES, puts="state")
    room.table(f"{tables}acts", f"act {entity} branch person", key="act")
    room.table(f"{tables}deputies", "number person deputy desk from_day to_day since", key="number")
    return DeskKinds(
        room,
        entity,
        tables,
        once,
        tuple(desks.split()),
        tuple(name.partition(":")[0] for name in decides.split()),
        task=room.asks(first, f"{name}Task", f"{of} {_TASK} {offers}"),
        withdrawn=room.asks(first + 1, f"{name}TaskWithdrawn", of),
        claim=room.obeys(first + 2, f"Claim{name}Task", f"{of} person on_behalf_of"),
        release=room.obeys(first + 3, f"Release{name}Task", f"{of} person"),
        hand_over=room.obeys(first + 4, f"HandOver{name}Task", f"{of} person to"),
        ask=room.obeys(first + 5, f"Ask{name}SecondOpinion", f"{of} person asked"),
        second=room.obeys(first + 6, f"Give{name}SecondOpinion", f"{of} person verdict"),
        opinion=room.obeys(first + 7, f"{name}Opinion", f"{of} person on_behalf_of {decides}"),
        appoint=room.obeys(first + 8, f"Appoint{name}Deputy", "person deputy desk from_day to_day operator"),
    )
