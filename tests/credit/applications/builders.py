"""Small builders for the tests of the application desk and of customers, and a driver that walks a subsystem through windows as a
host does. Every form is sound unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from credit.applications.contract import SubmitApplication
from credit.applications.subsystem import ApplicationsSubsystem
from credit.codes import Channel, Consent, Material, Method, RiskList, Segment, Status
from credit.customers.contract import CaseText, FormChecked, ListQuery, ListReply
from credit.customers.subsystem import CustomersSubsystem
from credit.digest import Digest
from credit.identifiers import credit_codes, mobiles, resident_ids
from credit.mail import Inbox, Outbox
from credit.policies import Overrides
from credit.room import EVENT_DTYPE, KINDS, EventCode, Kind, Rows
from credit.subsystem import Setting, Subsystem, Window
from credit.times import DAY_MS, HOUR_MS, LONG_TERM, SECOND_MS, day_number
from tests.rows import sample

START = 20_454 * DAY_MS
DAY = Window(0, START, START + DAY_MS)
MORNING = START + 10 * HOUR_MS
PAPERS = int(Material.ID_FRONT | Material.ID_BACK | Material.INCOME_PROOF | Material.PURPOSE_STATEMENT)
CONSENTS = int(Consent.BUREAU | Consent.PERSONAL_DATA | Consent.AUTO_DEBIT)
Answer = Callable[[Inbox], list[tuple[Kind, Rows]]]


def windows(length_ms: int, days: int = 1) -> list[Window]:
    """Windows of a length over so many days from START."""
    count = days * DAY_MS // length_ms
    return [Window(n, START + n * length_ms, START + (n + 1) * length_ms) for n in range(count)]


def born(years: int, serial: npt.ArrayLike = 1) -> npt.NDArray[np.str_]:
    """Resident ID numbers of people who turned so many years old on the first day of the tests (serials tell them apart)."""
    first = np.datetime64("1970-01-01", "D") + START // DAY_MS
    year, month, day = (int(part) for part in str(first).split("-"))
    birthday = day_number(np.datetime64(f"{year - years}-{month:02}-{day:02}").item())
    return resident_ids(110105, birthday, serial)


def forms(count: int = 1, **columns: npt.ArrayLike) -> Rows:
    """Sound consumer loan forms of branch 3, of different people, a second apart."""
    number = np.arange(count)
    facts: dict[str, npt.ArrayLike] = {
        "at": MORNING + number * SECOND_MS,
        "party": 1 + number,
        "branch": 3,
        "channel": Channel.MOBILE_BANK,
        "segment": Segment.INDIVIDUAL,
        "product": 1,
        "amount_fen": 5_000_000,
        "term_months": 12,
        "method": Method.EQUAL_INSTALMENT,
        "purpose_text": "装修",
        "id_type": 1,
        "mobile": mobiles(138, 1 + number),
        "occupation": 3,
        "income_fen": 1_800_000,
        "employment_months": 84,
        "documents": PAPERS,
        "consent": CONSENTS,
        "name": "张建国",
        "id_number": born(35, number % 1_000),
        "id_until": START // DAY_MS + 3_650,
    }
    return sample(SubmitApplication, count, **(facts | columns))


def business_forms(count: int = 1, **columns: npt.ArrayLike) -> Rows:
    """Sound forms of micro businesses."""
    papers = PAPERS | Material.BUSINESS_LICENCE | Material.TAX_PROOF | Material.LEASE_CONTRACT
    facts: dict[str, npt.ArrayLike] = {
        "segment": Segment.MICRO,
        "product": 4,
        "amount_fen": 200_000_000,
        "method": Method.EQUAL_PRINCIPAL,
        "purpose_text": "进货采购",
        "documents": int(papers),
        "credit_code": credit_codes(110105, 1 + np.arange(count)),
        "income_fen": 32_000_000,
        "employment_months": 96,
        "licence_until": LONG_TERM,
        "detail1": "华东批发有限公司",
    }
    return forms(count, **(facts | columns))


def no_hit(requests: Inbox, after_ms: int = 150) -> list[tuple[Kind, Rows]]:
    """The list port: nobody is listed."""
    queries = requests.take(ListQuery)
    return [(ListReply, sample(ListReply, source=queries, at=queries["at"] + after_ms))]


def listed(bits: RiskList) -> Answer:
    """A list port that knows everybody."""
    return lambda requests: [(kind, _with(rows, lists=int(bits))) for kind, rows in no_hit(requests)]


def down(requests: Inbox) -> list[tuple[Kind, Rows]]:
    """A list port that does not answer, found out after ten seconds."""
    return [(kind, _with(rows, status=Status.UNAVAILABLE)) for kind, rows in no_hit(requests, 10_000)]


def silent(requests: Inbox) -> list[tuple[Kind, Rows]]:
    """A list port from which nothing comes at all."""
    del requests
    return []


def _with(rows: Rows, **columns: int) -> Rows:
    for name, value in columns.items():
        rows[name] = value
    return rows


class Run:
    """What came out of a subsystem that was walked through windows."""

    def __init__(self) -> None:
        self.mail: dict[int, list[Rows]] = {}
        self.events: list[Rows] = []

    def sent(self, kind: Kind) -> Rows:
        """All mail of a kind, in (at, id) order."""
        return Inbox.of(*((kind, rows) for rows in self.mail.get(kind.number, []))).take(kind)

    def events_of(self, event: EventCode) -> Rows:
        rows = np.concatenate([np.zeros(0, dtype=EVENT_DTYPE), *self.events])
        chosen: Rows = rows[rows["event"] == event]
        return chosen

    def all_events(self) -> Rows:
        """Every event in a fixed order."""
        rows = np.concatenate(self.events)
        return np.sort(rows, order=list(rows.dtype.names or ()))


def walk(subsystem: Subsystem, mail: Iterable[tuple[Kind, Rows]], over: Iterable[Window], answer: Answer) -> Run:
    """Walks a subsystem through windows as a host does: mail when its time comes, requests to `answer`, answers in the window
    in which they fall due. Checks the invariants at every window's end, and that no mail leaves its window."""
    run, incoming = Run(), list(mail)
    pending: list[tuple[Kind, Rows]] = []
    asked: list[tuple[Kind, Rows]] = []
    for window in over:
        out = Outbox()
        subsystem.open(window, out)
        subsystem.apply(Inbox.of(*_due(incoming, window)), window, out)
        while True:
            requests = _collect(subsystem, run, out, asked, window)
            pending += answer(Inbox.of(*requests)) if requests else []
            answers = _due(pending, window)
            if not requests and not answers:
                break
            subsystem.apply(Inbox.of(*answers), window, out)
        subsystem.close(window, out)
        asked += [(kind, rows) for kind, rows in _collect(subsystem, run, out, asked, window)]
        run.events += out.events
        found = subsystem.check()
        assert not found, f"window {window.number}: {found}"
    return run


def _due(waiting: list[tuple[Kind, Rows]], window: Window) -> list[tuple[Kind, Rows]]:
    """Takes what falls before the window's end out of `waiting`."""
    due = [(kind, rows[rows["at"] < window.until]) for kind, rows in waiting]
    waiting[:] = [(kind, rows[rows["at"] >= window.until]) for kind, rows in waiting]
    waiting[:] = [(kind, rows) for kind, rows in waiting if len(rows)]
    return [(kind, rows) for kind, rows in due if len(rows)]


def _collect(
    subsystem: Subsystem, run: Run, out: Outbox, asked: list[tuple[Kind, Rows]], window: Window
) -> list[tuple[Kind, Rows]]:
    """Requests due now; later ones stay in `asked`, mail to other stages goes to the run."""
    for number, parts in out.mail.items():
        for rows in parts:
            if KINDS[number].room == subsystem.room.name:
                asked.append((KINDS[number], rows))
            else:
                assert window.start <= rows["at"].min()
                assert rows["at"].max() < window.until
                run.mail.setdefault(number, []).append(rows)
    out.mail = {}
    return _due(asked, window)


class Front:
    """The application desk and the customers behind it."""

    def __init__(self, overrides: Overrides | None = None) -> None:
        self.desk = ApplicationsSubsystem.build(Setting(overrides))
        self.customers = CustomersSubsystem.build(Setting(overrides))

    def walk(self, mail: Iterable[tuple[Kind, Rows]], over: Iterable[Window], answer: Answer) -> Run:
        """What comes out of both; `mail` finds its room."""
        spans = list(over)
        mine: list[tuple[Kind, Rows]] = []
        others: list[tuple[Kind, Rows]] = []
        for kind, rows in mail:
            (mine if kind.room == self.desk.room.name else others).append((kind, rows))
        intake = walk(self.desk, mine, spans, silent)
        checked = [(kind, intake.sent(kind)) for kind in (CaseText, FormChecked)]
        run = walk(self.customers, [*others, *checked], spans, answer)
        run.events += intake.events
        return run

    def export_state(self) -> dict[str, Rows]:
        """The tables of both."""
        return self.desk.export_state() | self.customers.export_state()

    def import_state(self, state: dict[str, Rows]) -> None:
        """Puts them back."""
        self.desk.import_state(state)
        self.customers.import_state(state)


def desk_day(rows: Rows, answer: Answer = no_hit, front: Front | None = None) -> Run:
    """One day of forms."""
    return (front or Front()).walk([(SubmitApplication, rows)], [DAY], answer)


def fingerprint(run: Run, subsystem: Subsystem | Front) -> str:
    """All that a run leaves behind: mail, events and state."""
    digest = Digest()
    for number in sorted(run.mail):
        digest.add(number, run.sent(KINDS[number]))
    digest.add(1, run.all_events())
    for label, (_, rows) in enumerate(sorted(subsystem.export_state().items())):
        digest.add(1_000 + label, rows)
    return digest.hex()
