"""One customer's whole story, form to ledger, from a run's Parquet files: every event of a case and of its loans, every posting,
and the papers that belong to them, in causal order. A run that continues another one is read together with it. The contract's
text and the plan are written by the rooms' own code from the papers; nothing of them is stored twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import numpy as np

from credit.applications.contract import Event as ApplicationEvent
from credit.contracts.contract import Event as ContractEvent
from credit.contracts.subsystem import ContractsSubsystem
from credit.due_diligence.contract import Event as DueDiligenceEvent
from credit.mail import Outbox
from credit.numbers import FIRST_BATCH, LOANS_MAX, loan_of
from credit.policies import Overrides
from credit.profile import Identity
from credit.repayment.contract import Event as RepaymentEvent
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import Rows
from credit.scoring.contract import Event as ScoringEvent
from credit.subsystem import Setting
from credit.texts import Field, joined
from credit.times import DAY_MS, date_of
from results.folder import RunFolderError, read_summary
from results.schemas import PAPERS, file_names
from results.sql import tables_of
from results.steps import OPINED, Told, code_of, ends, event_step, plain

_EVENTS = """
SELECT EPOCH_MS(ts) AS "at", seq, CAST(room AS VARCHAR) AS room, CAST(event AS VARCHAR) AS event, CAST(actor AS VARCHAR) AS actor,
       loan, amount_fen, CAST(reason AS VARCHAR) AS reason, value
FROM {events} WHERE case_no = {case} OR loan BETWEEN {first} AND {last} ORDER BY ts, seq
"""
_POSTINGS = """
SELECT EPOCH_MS(ts) AS "at", transaction, loan, CAST(account AS VARCHAR) AS account, amount_fen
FROM {ledger} WHERE loan BETWEEN {first} AND {last} OR loan = 0 AND (ts, transaction) IN (
  SELECT (ts, transaction) FROM {ledger} WHERE loan BETWEEN {first} AND {last})
ORDER BY ts, transaction, amount_fen DESC, account
"""
"""The loans' own legs, and those of their transactions that are posted to a control account (loan 0)."""
_WAITED = """
SELECT EPOCH_MS(start) AS "at", EPOCH_MS(until) AS until, CAST(who AS VARCHAR) AS who FROM {waited}
WHERE comes AND (case_no = {case} OR reference = {reference}) ORDER BY start, until, who
"""
_SCORES = ("scores", "scores_of_secured", "scores_of_businesses")
_OPINIONS = ("opinions", "opinions_head_office", "opinions_due_diligence")
_EXAMPLES = """
SELECT what, MIN(case_no) FROM (
  SELECT case_no, CASE event WHEN 'application_declined' THEN 'declined' WHEN 'loan_disbursed' THEN 'paid out'
                  WHEN 'overdue_started' THEN 'overdue' WHEN 'loan_written_off' THEN 'written off' END AS what
  FROM {events} WHERE case_no > 0
) WHERE what IS NOT NULL GROUP BY what ORDER BY what
"""


class NoSuchCase(RunFolderError):
    """A number that is no case of the run."""


def lineage(folder: Path) -> tuple[list[Path], str]:
    """A run's folder and those of the runs that it continues, the oldest first; and the name of one that is not there any
    more, or ''. RunFolderError where `folder` is no finished run."""
    found = [folder]
    while earlier := read_summary(found[0]).get("continued_from"):
        places = [place for place in (Path(earlier), found[0].parent / Path(earlier).name) if place.is_dir()]
        if not places or places[0] in found:
            return found, str(earlier)
        found.insert(0, places[0])
    return found, ""


def story(folder: Path, case: int, policies: Overrides | None = None) -> Told:
    """The story of a case: `case`, `run`, `began_in` (a run that is missing, or ''), and `steps`, each with `at` (ms),
    `kind` ('event', 'transaction', or 'wait' for an outage of the bank's own) and what it holds; amounts in fen.
    `policies`: the scenario's changes to the packaged ones. NoSuchCase says how to find one."""
    folders, missing = lineage(folder)
    with duckdb.connect() as connection:
        files = _Files(connection, folders, case)
        events = files.asked("events", _EVENTS)
        if not events:
            raise NoSuchCase(_no_case(files, folder, case))
        postings = files.asked("ledger", _POSTINGS)
        papers = {name: files.papers(name) for name in ("statements", "approvals", "loans", *_SCORES, *_OPINIONS)}
        reference = next((row["value"] for row in events if row["event"] == "application_submitted"), None)
        forms, texts = (files.papers(name, reference) for name in ("forms", "texts"))
        waited = files.asked("waited", _WAITED, reference=reference or -1)
    steps = [event_step(row) for row in events] + transactions(postings)
    steps += [{"kind": "wait", "seq": -1, **row} for row in waited]
    steps.sort(key=lambda step: (step["at"], step["kind"] == "transaction", step["seq"]))
    _attach(steps, forms, texts, papers, policies)
    return {"case": case, "run": str(folder), "began_in": missing, "steps": steps, "ends": ends(steps)}


class _Files:
    """Questions to the files of some runs about one case."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folders: list[Path], case: int) -> None:
        self._connection = connection
        self._tables = [tables_of(folder) for folder in folders]
        last = int(loan_of(np.array([case]), LOANS_MAX)[0])
        self._values = {"case": case, "first": last - LOANS_MAX, "last": last}

    def table(self, name: str) -> str:
        """The rows of one kind of file of all the runs; '' where none of them has any."""
        parts = [tables[name] for tables in self._tables if name in tables]
        return f"({' UNION ALL BY NAME '.join(f'FROM {part}' for part in parts)})" if parts else ""

    def asked(self, name: str, query: str, **values: int) -> list[Told]:
        """The rows of an answer by their columns' names."""
        if not (table := self.table(name)):
            return []
        found = self._connection.execute(query.format(**{name: table}, **self._values, **values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def papers(self, name: str, party: int | None = None) -> Rows:
        """Papers of the case, or of a party, as the mail that they were; none where the run kept none."""
        kind, where = PAPERS[name], f"party = {party}" if party else f"case_no = {self._values['case']}"
        columns = ", ".join("EPOCH_MS(ts)" if one == "ts" else f'"{one}"' for one in file_names(kind.dtype))
        found = self.asked(name, f"SELECT {columns} FROM {{{name}}} WHERE {where} ORDER BY ts")
        return np.array([tuple(row.values()) for row in found], dtype=kind.dtype)


def _no_case(files: _Files, folder: Path, case: int) -> str:
    known = files.asked(
        "events", "SELECT COUNT(DISTINCT case_no) AS n, MIN(case_no) AS a FROM {events} WHERE case_no > 0"
    )
    if not known[0]["n"]:
        return f"{folder}: no case {case}: nobody applied in this run"
    whose = case // (LOANS_MAX + 1)
    if whose and files.asked("events", f"SELECT 1 FROM {{events}} WHERE case_no = {whose} LIMIT 1"):
        return f"{folder}: no case {case}: that is a loan of case {whose}; say lendrill explain {folder} {whose}"
    examples = [f"{row['what']} {row['min(case_no)']}" for row in files.asked("events", _EXAMPLES)]
    shown = ", ".join(examples) or f"submitted {known[0]['a']}"
    return (
        f"{folder}: no case {case} among its {known[0]['n']:,}; for example {shown}; all of them stand in the column case_no of "
        f"{folder / 'cases.parquet'}"
    )


def transactions(postings: Iterable[Told]) -> list[Told]:
    """Transactions with their legs. The day's end posts a branch's and product's loans in one: of those the loan's own leg stands
    here, and the other, which is the sum of all of them (`in_sum`)."""
    found: dict[tuple[int, int], Told] = {}
    for row in postings:
        key = (row["at"], row["transaction"])
        step = found.setdefault(
            key,
            {
                "kind": "transaction",
                "at": row["at"],
                "seq": len(found),
                "transaction": row["transaction"],
                "postings": [],
            },
        )
        posting = {name: row[name] for name in ("account", "loan", "amount_fen")}
        if row["loan"] == 0 and row["transaction"] >= FIRST_BATCH:
            posting["in_sum"] = True
        step["postings"].append(posting)
    return list(found.values())


def _attach(steps: list[Told], forms: Rows, texts: Rows, papers: dict[str, Rows], policies: Overrides | None) -> None:
    """Lays each paper beside the step that it belongs to."""
    form = _form(forms[:1], joined(texts))
    loans, statements = (
        {int(row[key]): row for row in papers[name]} for name, key in (("loans", "loan"), ("statements", "at"))
    )
    scores = {int(row["at"]): row for name in _SCORES for row in papers[name]}
    opinions = {(int(row["at"]), f"staff {row['person']}"): plain(row) for name in _OPINIONS for row in papers[name]}
    contracts, repayment = ContractsSubsystem.build(Setting(policies)), RepaymentSubsystem.build(Setting(policies))
    for step in (one for one in steps if one["kind"] == "event"):
        event = code_of(step)
        if event is ApplicationEvent.APPLICATION_SUBMITTED and form:
            step["form"] = form
        elif event is ScoringEvent.APPLICATION_SCORED and step["at"] in scores:
            step["score"] = plain(scores[step["at"]])
        elif event in OPINED and (step["at"], step["actor"]) in opinions:
            step["opinion"] = opinions[step["at"], step["actor"]]
        elif event is DueDiligenceEvent.STATEMENT_RECORDED and step["at"] in statements:
            step["statement"] = plain(statements[step["at"]])
        elif event in (ContractEvent.CONTRACT_GENERATED, ContractEvent.CONTRACT_REGENERATED):
            terms = papers["approvals"][papers["approvals"]["at"] <= step["at"]][-1:]
            if len(terms) and form:
                step["contract"] = _contract(contracts, terms[0], form, step)
        elif event is RepaymentEvent.SCHEDULE_GENERATED and step["loan"] in loans:
            step["schedule"] = _schedule(repayment, loans[step["loan"]])


def _form(forms: Rows, long: dict[Field, str | None]) -> Told:
    if not len(forms):
        return {}
    form = plain(forms[0])
    form["name"] = form["name"] or long.get(Field.NAME) or ""
    form["purpose"] = form.pop("purpose_text") or long.get(Field.PURPOSE) or ""
    beside = {one.name.lower(): long.get(one) or "" for one in (Field.REMARK, Field.ADDRESS)}
    return form | beside


def _contract(contracts: ContractsSubsystem, terms: np.void, form: Told, step: Told) -> Told:
    """The contract as a step put it before the customer."""
    row = np.zeros(1, contracts.tables["contracts"].dtype)[0]
    for name in terms.dtype.names or ():
        if name in (row.dtype.names or ()):
            row[name] = terms[name]
    row["attempt"] = step["value"]
    before = min(step["at"] + contracts.policy.valid_days * DAY_MS, int(terms["valid_until"]))
    identity = Identity(*(form[name] for name in Identity._fields))
    templates = contracts.templates
    return {
        "number": templates.number(row),
        "sign_before": before,
        "text": templates.render(row, identity, before, form["purpose"]),
    }


def _schedule(repayment: RepaymentSubsystem, loan: np.void) -> list[Told]:
    """The plan of the contract, as repayment laid it down when the loan came onto its book."""
    repayment.disbursed(np.array([loan]), Outbox())
    plan = repayment.schedule(int(loan["loan"]))
    names = ("number", "due_day", "principal_fen", "interest_fen", "payment_fen", "balance_fen")
    lines = zip(*(getattr(plan, name).tolist() for name in names), strict=True)
    return [{**dict(zip(names, line, strict=True)), "due_day": date_of(line[1]).isoformat()} for line in lines]
