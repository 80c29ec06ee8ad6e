"""What a person may ask of a run. An impossible value never gets past here, so whoever receives a `RunOptions`
need not ask again whether its numbers make sense."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lendrill.errors import UserError

EXECUTORS = ("ray", "local")
CUSTOMERS_MAX = 20_000_000
DAYS_MAX = 3_660
SHARDS_MAX = 1_024
SEED_MAX = 2**62


@dataclass(frozen=True)
class RunOptions:
    """One `lendrill run`. None means: what the scenario says. `out` None means `runs/<id>/`."""

    scenario: str
    customers: int | None = None
    days: int | None = None
    seed: int | None = None
    shards: int | None = None
    executor: str | None = None
    address: str | None = None
    from_run: Path | None = None
    out: Path | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values, each with the one that would be right. Raises UserError."""
        within("--customers", self.customers, 1, CUSTOMERS_MAX, "customers come to the bank during the run")
        within("--days", self.days, 1, DAYS_MAX, "virtual days are run")
        within("--shards", self.shards, 1, SHARDS_MAX, "shards share the branches among them")
        within("--seed", self.seed, 0, SEED_MAX, "is the seed of every draw")
        if not self.scenario.strip():
            raise UserError("the scenario has no name", "see: lendrill scenarios")
        if self.executor is not None and self.executor not in EXECUTORS:
            raise UserError(f"--executor {self.executor}: no such executor", f"give {' or '.join(EXECUTORS)}")
        if self.address is not None and self.executor == "local":
            raise UserError("--address names a Ray cluster, but --executor local uses none", "leave one of them out")
        if self.out is not None and self.out.exists() and not self.out.is_dir():
            raise UserError(f"--out {self.out}: there is a file of that name", "give a folder that is new or empty")


def within(option: str, value: int | None, lowest: int, highest: int, meaning: str) -> None:
    """UserError where a number that was given is impossible."""
    if value is not None and not lowest <= value <= highest:
        raise UserError(f"{option} {value}: impossible", f"{lowest:,} to {highest:,} {meaning}")
