"""Conditions over the figures of two runs, for `lendrill compare --fail-if`: arithmetic, comparisons, `and`, `or`, `not` over
numbers and figures. A figure's name stands for the second run's; `first.NAME` and `second.NAME` say which, `change.NAME` is the
second less the first. The text is read by Python's own parser and worked here, node by node; nothing else is understood."""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from typing import Any

from lendrill.errors import UserError
from results.figures import Figure

Pairs = Mapping[str, tuple[Figure, Figure]]
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_TOLD_MAX = 12
"""Figures that are told by name in one line; of more it is told where they stand."""
_EXAMPLE = "say for example change.approved_share < -0.05 or worst_hour_re_reviewer >= 0.95"


def holds(text: str, figures: Pairs) -> bool:
    """Whether a condition holds. UserError names what is not understood, an unknown figure, and a figure without a value."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(f"--fail-if {text!r}: not a condition", _EXAMPLE) from None
    try:
        found = _value(tree, figures)
    except ZeroDivisionError:
        raise UserError(f"--fail-if {text!r}: divides by zero", "ask for change.NAME instead of a quotient") from None
    if not isinstance(found, bool):
        raise UserError(f"--fail-if {text!r}: a number, not a condition", _EXAMPLE)
    return found


def _value(node: ast.AST, figures: Pairs) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.Name):
        return _figure("second", node.id, figures)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return _figure(node.value.id, node.attr, figures)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, figures), _value(node.right, figures))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.operand, figures))
    if isinstance(node, ast.BoolOp):
        parts = [_value(one, figures) for one in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare) and all(type(op) in _OPERATORS for op in node.ops):
        values = [_value(one, figures) for one in (node.left, *node.comparators)]
        steps = zip(node.ops, values[:-1], values[1:], strict=True)
        return all(_OPERATORS[type(op)](one, other) for op, one, other in steps)
    raise UserError(f"--fail-if: {ast.unparse(node)!r} is not understood", _EXAMPLE)


def _figure(whose: str, name: str, figures: Pairs) -> float:
    if whose not in ("first", "second", "change"):
        raise UserError(f"--fail-if: {whose}.{name}: a figure is of the first or second run, or their change", _EXAMPLE)
    if name not in figures:
        near = difflib.get_close_matches(name, figures, n=1) or [one for one in figures if name in one][:1]
        hint = f"did you mean {near[0]}? " if near else ""
        known = f"known: {', '.join(figures)}" if len(figures) <= _TOLD_MAX else f"--json names all {len(figures)}"
        raise UserError(f"--fail-if: no figure {name!r}", f"{hint}{known}")
    first, second = (one.value for one in figures[name])
    for run, value in (("first", first), ("second", second)):
        if value is None and whose in (run, "change"):
            raise UserError(
                f"--fail-if: {name} has no value in the {run} run", "nothing happened there, or too few have reached it"
            )
    values = {"first": first or 0.0, "second": second or 0.0}
    return values["second"] - values["first"] if whose == "change" else values[whose]
