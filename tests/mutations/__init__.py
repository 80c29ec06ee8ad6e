"""Rules broken on purpose, one at a time, and the tests that must notice. The tables hold them:
by file, the tests to run and the mutations, each an exact piece of text that stands once in the file, what it becomes, and,
where no test can notice, the reason why it changes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("core.toml", "around.toml", "live.toml", "forms.toml")


@dataclass(frozen=True)
class Mutation:
    """One rule broken: `old` becomes `new` in `file`; `equivalent` says why no test can notice, where none can."""

    file: str
    tests: tuple[str, ...]
    old: str
    new: str
    equivalent: str = ""

    def broken(self, text: str) -> str:
        """The file's text with the rule broken. ValueError where the old text does not stand in it exactly once."""
        count = text.count(self.old)
        if count != 1 or self.old == self.new:
            raise ValueError(f"{self.file}: {self.old!r} stands {count} times, not once, or is what it becomes")
        return text.replace(self.old, self.new)


def mutations() -> Iterator[Mutation]:
    """All of them, in the order of the tables."""
    for name in TABLES:
        table = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
        for file, entry in table.items():
            for row in entry["mutations"]:
                yield Mutation(file, tuple(entry["tests"]), *row)
