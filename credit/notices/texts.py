"""The words of notices: a template filled with the columns of the event it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from credit.money import format_yuan
from credit.notices.contract import Topic
from credit.policies.notices import PLACEHOLDER, NoticePolicy
from credit.times import date_of, text_of

WRITE: Mapping[str, tuple[str, Callable[[int], str]]] = {
    "at": ("at", lambda at: text_of(at)[:16]),
    "case": ("case", str),
    "loan": ("loan", str),
    "amount_fen": ("amount_fen", format_yuan),
    "days": ("value", str),
    "day": ("value", lambda day: date_of(day).isoformat()),
    "until": ("value", lambda at: text_of(at)[:16]),
}
"""How each placeholder of `credit.policies.notices.PLACEHOLDERS` is written: the column of the event, and its form. Amounts are
in yuan, instants to the minute."""


def text(policy: NoticePolicy, topic: Topic, event: Mapping[str, int], *, english: bool = False) -> str:
    """The text of a notice on an event, Chinese unless asked otherwise; `event`: the columns of the event by name."""
    template = policy.of(topic)
    words = template.en if english else template.zh

    def filled(name: str) -> str:
        column, form = WRITE[name]
        return form(int(event[column]))

    return policy.signature + PLACEHOLDER.sub(lambda found: filled(found[1]), words)
