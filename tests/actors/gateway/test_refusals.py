"""What refusals say: fields by the names that requests have for them, and in Chinese."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

from actors import gateway
from actors.gateway.bank import field_of, refusal
from actors.gateway.problems import problem_of
from actors.identity.errors import NotAllowed, WeakPassword
from credit.room import REASONS
from tests.actors.gateway.test_document import APP

ELSEWHERE = {"file", "Idempotency-Key"}
"""Not in the document's schemas by these names: parts of a form with a file, and the header."""


def named_in_requests(document: Any) -> set[str]:
    found = set(ELSEWHERE)
    for methods in document["paths"].values():
        for said in methods.values():
            found |= {one["name"] for one in said.get("parameters", ())}
            for content in said.get("requestBody", {}).get("content", {}).values():
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                found |= set(document["components"]["schemas"].get(name, {}).get("properties", ()))
    return found


def test_a_refusal_names_its_field_as_requests_do() -> None:
    known = named_in_requests(APP.openapi())
    named = {field_of(one) for one in REASONS.values()} - {""}
    assert named <= known, named - known
    reversed_ = next(number for number, one in REASONS.items() if one.name == "DAYS_REVERSED")
    assert refusal(reversed_).document()["field"] == "to"


WITHOUT_CHINESE = {"bank.py": 1, "loans.py": 1, "problems.py": 3, "tasks.py": 2}
"""Refusals by file whose detail has no Chinese of its own yet; the three of `problems.py` hand on what others say."""


def english_alone(source: str) -> int:
    """How many problems a module raises with a detail and without its Chinese."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]
    problems = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Problem"]
    return sum(
        len(one.args) > 2 and not any(more.arg in ("detail_zh", None) for more in one.keywords) for one in problems
    )


def test_each_refusal_says_in_chinese_what_it_says_in_english() -> None:
    files = Path(gateway.__file__).parent.glob("*.py")
    found = Counter({one.name: english_alone(one.read_text(encoding="utf-8")) for one in files})
    assert +found == WITHOUT_CHINESE
    assert english_alone('raise Problem(422, "Refused", "no")') == 1
    assert english_alone('raise Problem(422, "Refused", "no", detail_zh="否")') == 0


def test_errors_of_accounts_say_so_in_chinese() -> None:
    for error in (WeakPassword("too short"), NotAllowed("another person is needed")):
        said = problem_of(error).document()
        assert said["detail_zh"] not in ("", said["title"])
