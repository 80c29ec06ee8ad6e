"""Where in a TOML file each value stands. tomllib tells values without their lines; this reads the same text statement by
statement, so that whatever is wrong with a field can be told with its line."""

from __future__ import annotations

import tomllib
from typing import Any

Steps = tuple[str | int, ...]


class Positions:
    """The lines of one file's tables and values."""

    def __init__(self, text: str) -> None:
        """`text`: TOML that tomllib has read."""
        self._lines: dict[Steps, int] = {}
        self._tables: dict[Steps, int] = {}
        at: Steps = ()
        statement, first = "", 0
        for number, line in enumerate(text.splitlines(), 1):
            statement, first = (f"{statement}\n{line}", first) if statement else (line, number)
            try:
                content = tomllib.loads(statement)
            except tomllib.TOMLDecodeError:
                continue  # it goes on in the next line
            if statement.lstrip().startswith("["):
                at = self._opened(content)
                for length in range(1, len(at) + 1):
                    self._lines.setdefault(at[:length], first)
            else:
                self._note(at, content, first)
            statement = ""

    def line(self, steps: Steps) -> int | None:
        """The line of a value, or of the innermost thing around it that the file holds; None where it holds nothing of it."""
        around = (steps[:length] for length in range(len(steps), 0, -1))
        return next((self._lines[one] for one in around if one in self._lines), None)

    def __contains__(self, steps: Steps) -> bool:
        return steps in self._lines

    def _opened(self, header: Any) -> Steps:
        """The way to a table whose header stands here; of a list of tables, to its next one."""
        at: Steps = ()
        while header:
            [(name, header)] = header.items()
            at = (*at, name)
            if isinstance(header, list):
                self._tables[at] = self._tables.get(at, -1) + 1
                header = {}
            if at in self._tables:
                at = (*at, self._tables[at])
        return at

    def _note(self, at: Steps, value: Any, line: int) -> None:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, one in inner:
            self._lines.setdefault((*at, step), line)
            self._note((*at, step), one, line)
