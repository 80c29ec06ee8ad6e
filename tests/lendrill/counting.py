"""Whether a field of a scenario or a policy counts: a small bank in which every room has work is run again with one value
changed, until its windows' digests part from those of the bank as it was. `python -m tests.lendrill.counting FIELD…` prints
what that came to."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from actors.local import LocalExecutor
from actors.pipeline import Pipeline, blocks
from actors.topology import Flow
from credit.policies.catalogue import MODELS
from credit.policies.loading import load, packaged_names, resolved
from credit.subsystem import windows
from lendrill.assembly import blueprints
from lendrill.fields import every
from results import folder
from scenarios.model import Scenario

Steps = tuple[str | int, ...]
LIST = Path(__file__).with_name("fields_seen.txt")
POOL_MAX, IDLE_MAX = 5, 6
"""How many texts are tried in a text's place, and how many changes without effect before a field is called idle."""
Verdict = Literal["counts", "refused", "idle"]

WORLD: dict[str, Any] = {
    "run": {"customers": 60, "days": 130, "start": dt.date(2025, 12, 29), "arrival_days": 12},
    "bank": {"branches": 2, "branch_weights_ppm": [600_000, 400_000]},
    "demand": {
        key: {"weight": weight}
        for key, weight in {
            "consumer_loan": 300_000,
            "card_instalment": 150_000,
            "mortgage": 200_000,
            "micro_business": 200_000,
            "working_capital": 150_000,
        }.items()
    },
    "arrivals": {
        "campaigns": [
            {"name": "x", "from_day": dt.date(2025, 12, 30), "to_day": dt.date(2025, 12, 31), "factor_ppm": 3_000_000}
        ]
    },
    "population": {
        "late_document_ppm": 300_000,
        "no_auto_debit_ppm": 300_000,
        "fraud_ppm": 100_000,
        "gang_ppm": 50_000,
        "listed_ppm": 50_000,
        "monthly_income_bands": [2_000, 4_000, 6_000, 8_000, 12_000, 20_000, 40_000, 100_000],
    },
    "behaviour": {
        "miss_base_ppm": 250_000,
        "abandon_ppm": 150_000,
        "change_request_ppm": 200_000,
        "renew_ppm": 600_000,
        "approver_alert_ppm": 200_000,
        "approver_reduce_ppm": 300_000,
        "approver_escalate_ppm": 200_000,
        "approver_return_ppm": 300_000,
        "supplement_never_ppm": 300_000,
        "condition_never_ppm": 300_000,
        "early_full_per_year_ppm": 300_000,
        "early_partial_per_year_ppm": 300_000,
        "manual_late_ppm": 400_000,
        "write_off_decline_ppm": 300_000,
        "reviewer_reject_ppm": 200_000,
        "payment_wrong_ppm": 100_000,
        "debit_partial_ppm": 400_000,
        "use_not_genuine_ppm": 200_000,
        "misprint_ppm": 300_000,
    },
    "economy": [
        {"day": dt.date(2025, 12, 29), "unemployment_ppm": 60_000, "house_price_ppm": 950_000},
        {"day": dt.date(2026, 3, 1), "unemployment_ppm": 90_000, "house_price_ppm": 800_000},
    ],
    "faults": [
        {
            "kind": "partner_outage",
            "target": "bureau",
            "start": dt.datetime(2025, 12, 30, 9),
            "end": dt.datetime(2026, 1, 5, 15),
            "share_ppm": 700_000,
        },
        {
            "kind": "absence",
            "target": "initial_approver",
            "start": dt.datetime(2025, 12, 30),
            "end": dt.datetime(2026, 1, 6),
            "share_ppm": 500_000,
        },
        {
            "kind": "system_outage",
            "start": dt.datetime(2026, 1, 5, 8),
            "end": dt.datetime(2026, 1, 5, 20),
            "recovery_minutes": {"approval": 600},
        },
        {
            "kind": "branch_outage",
            "branches": [1],
            "start": dt.datetime(2026, 1, 7, 8),
            "end": dt.datetime(2026, 1, 9, 20),
        },
    ],
    "script": [
        {
            "party": 1,
            "at": dt.datetime(2025, 12, 29, 10),
            "name": "张建国",
            "id_number": "110105199003072872",
            "mobile": "13800138000",
            "credit_code": "",
            "branch": 1,
            "channel": "mobile_bank",
            "segment": "individual",
            "product": "consumer_loan",
            "amount": 50_000,
            "term_months": 12,
            "method": "equal_instalment",
            "purpose": "装修",
            "remark": "",
            "address": "",
            "occupation": 3,
            "income": 18_000,
            "employment_months": 84,
            "documents": ["id_front", "id_back", "income_proof", "work_proof", "purpose_statement"],
            "consents": ["bureau", "personal_data", "auto_debit"],
            "collateral": 0,
            "true_income": 18_000,
            "miss_ppm": 300_000,
            "pays": [{"at": dt.datetime(2026, 3, 2, 10), "amount": 100}],
            "quality_ppm": 760_000,
            "lenders": 2,
            "queries_3m": 2,
            "history_months": 60,
            "other_debt": 10_000,
            "other_monthly_debt": 1_000,
            "card_limit": 40_000,
            "card_used": 14_000,
            "account_months": 48,
            "deposits": 10_000,
            "least_balance": 2_000,
            "monthly_inflow": 18_000,
            "monthly_outflow": 16_000,
            "income_months": 12,
            "wealth": 5_000,
            "monthly_settlement": 0,
            "sign_after_minutes": 20,
            "use_evidence_after_days": 10,
            "early_tranche_after_days": 5,
            "approved_amount": 40_000,
            "payment_minutes": 8,
        }
    ],
}
"""What the bank under test has beside the defaults."""


def content() -> dict[str, Any]:
    """The whole scenario as a file would have it, every field written down."""
    plain = {"name": "small", "title": "t", "purpose": "p", "look_at": ["it"]}
    known = Scenario.model_validate(plain | deepcopy(WORLD)).model_dump(exclude={"policies", "script"})
    known["population"]["monthly_income_bands"] = WORLD["population"]["monthly_income_bands"]
    return known | {
        "script": deepcopy(WORLD["script"]),
        "policies": {name: resolved(name) for name in packaged_names()},
    }


def leaves(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every value that is neither a table nor a list of tables, with the way to it."""
    if isinstance(value, dict):
        yield from chain.from_iterable(leaves(inner, (*path, name)) for name, inner in value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from chain.from_iterable(leaves(inner, (*path, place)) for place, inner in enumerate(value))
    else:
        yield path, value


def field_of(path: Steps) -> str:
    """The field, whichever row it stands in."""
    return ".".join(step for step in path if isinstance(step, str))


def others(value: Any, pool: Sequence[Any] = ()) -> Iterator[Any]:
    """Values to put in another's place, those that change most first; `pool`: what else such a field holds."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (
            other for other in (value * 50, value * 2, value // 2, 0, value + 1, value - 1, 1) if other != value
        )
    elif isinstance(value, dt.date):  # a moment is one, too
        yield from (value + dt.timedelta(days=days) for days in (1, -1, 20))
    elif isinstance(value, list | tuple):
        yield from ([*value[:place], *value[place + 1 :]] for place in range(len(value)))
        yield from (
            [*value[:place], other, *value[place + 1 :]] for place, one in enumerate(value) for other in others(one)
        )
    yield from (other for other in pool if other != value)
    if isinstance(value, str):
        yield f"{value}x"


def changed(base: dict[str, Any], path: Steps, value: Any) -> dict[str, Any]:
    """The content with one value in another's place; what is not on the way there is shared."""
    *way, last = path
    result = dict(base)
    place: Any = result
    for step in way:
        inner = place[step]
        place[step] = dict(inner) if isinstance(inner, dict) else list(inner)
        place = place[step]
    place[last] = value
    return result


def chains(content: dict[str, Any]) -> Iterator[str]:
    """The digests of a scenario's windows, one folded into the next. CreditError where it is refused."""
    scenario = Scenario.model_validate(content)
    for name, model in MODELS.items():
        load(name, model, scenario.policies)
    run, flow, executor = scenario.run, Flow(1), LocalExecutor()
    with TemporaryDirectory() as at:
        executor.start(blueprints(scenario, flow, folder.create(Path(at) / "run"), False), None)
        pipeline = Pipeline(executor, flow)
        try:
            for block in blocks(windows([*range(run.start_ms, run.until_ms, run.window_ms), run.until_ms])):
                yield from pipeline.collect(pipeline.submit(block)).chains
            yield "the end"
        finally:
            executor.stop()


class Plain:
    """The digests of the bank as it is, worked no further than somebody asks for."""

    def __init__(self) -> None:
        self._rest, self._known = chains(content()), list[str]()

    def parts_from(self, other: Iterator[str]) -> bool:
        """Whether another bank's digests become other ones."""
        for place, one in enumerate(other):
            while len(self._known) <= place:
                self._known.append(next(self._rest))
            if one != self._known[place]:
                return True
        return False


@cache
def plain() -> Plain:
    """The bank as it is, begun once."""
    return Plain()


def verdict(base: dict[str, Any], path: Steps, value: Any) -> Verdict:
    """What a change comes to."""
    try:
        return "counts" if plain().parts_from(chains(changed(base, path, value))) else "idle"
    except ValueError:  # a validation error is one, and so is CreditError
        return "refused"


def verdict_of_field(base: dict[str, Any], field: str) -> Verdict:
    """Whether some change of some row's value counts; refused where every change is."""
    rows = [(path, value) for path, value in leaves(base) if field_of(path) == field]
    pool = list(dict.fromkeys(value for _, value in rows if isinstance(value, str)))[:POOL_MAX]
    found: list[Verdict] = []
    for path, value in reversed(rows):
        for other in others(value, pool if isinstance(value, str) else ()):
            found.append(verdict(base, path, other))
            if found[-1] == "counts" or found.count("idle") == IDLE_MAX:
                return found[-1]
    return "idle" if "idle" in found else "refused"


def fields() -> list[str]:
    """The fields of the bank under test that a run decides by."""
    marked = {field.path for field in every() if field.text.endswith("*")}
    found = dict.fromkeys(field_of(path) for path, _ in leaves(content()))
    return [name for name in found if not any(_names(one, name) for one in marked)]


def _names(path: str, field: str) -> bool:
    steps, mine = path.replace("[]", "").split("."), field.split(".")
    return len(steps) == len(mine) and all(
        one == two or one.startswith("<") for one, two in zip(steps, mine, strict=True)
    )


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(verdict_of_field(content(), name), name, flush=True)
