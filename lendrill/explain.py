"""`lendrill explain`: one customer's whole story, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lendrill.errors import UserError
from results import names
from results.folder import read_scenario
from results.story import story
from results.telling import told


def explained(folder: Path, case: str, as_json: bool) -> Iterator[str]:
    """The lines of a case's story. UserError where `case` is no number, NoSuchCase where the run has none of that number."""
    if not case.isascii() or not case.isdigit() or len(case) > 18:
        raise UserError(
            f"{case}: not the number of a case",
            f"give a number such as 1000000001; those of the run stand in the column case_no of {folder / 'cases.parquet'}",
        )
    policies = read_scenario(folder).get("policies")
    found = story(folder, int(case), policies)
    if as_json:
        return iter([json.dumps(found, ensure_ascii=False, indent=1)])
    return told(found, names.products(policies))
