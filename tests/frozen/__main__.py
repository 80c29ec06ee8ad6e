"""``python -m tests.frozen`` draws anew, with the installed versions of Faker and chinesecalendar, the two files in which a run
finds people's words and the published holidays. Another word or another workday is another world: see what has changed,
and say with it why every digest does."""

from __future__ import annotations

from tests.frozen import days, words
from tests.frozen.writing import text_of

for part in (days, words):
    part.FILE.write_text(text_of(part.drawn()), encoding="utf-8")
    print(f"{part.FILE}: {part.drawn()['source']}")
