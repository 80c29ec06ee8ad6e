"""Frozen data as JSON that people can read and git can compare: one entry a paragraph."""

from __future__ import annotations

import json
import textwrap
from typing import Any

_WIDTH = 128


def text_of(content: dict[str, Any]) -> str:
    """The file's text. An entry that is a table of lists has one line or more for each of them."""
    return "{\n" + ",\n".join(_entry(name, value) for name, value in content.items()) + "\n}\n"


def _entry(name: str, value: Any, indent: str = "  ") -> str:
    if isinstance(value, dict) and all(isinstance(inner, list) for inner in value.values()):
        inner = ",\n".join(_entry(key, values, indent + "  ") for key, values in value.items())
        return f"{indent}{json.dumps(name)}: {{\n{inner}\n{indent}}}"
    text = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
