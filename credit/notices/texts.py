"""The words of notices: a template filled with the columns of the event it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from credit.money import format_yuan
from credit.notices.contract import Topic
from credit.policies.notices import PLACEHOLDER, NoticePolicy
from credit.times import DAY_MS, date_of, text_of

WRITE: Mapping[str, Callable[[Mapping[str, int]], str]] = {
    "at": lambda event: text_of(event["at"])[:16],
    "case": lambda event: str(event["case"]),
    "loan": lambda event: str(event["loan"]),
    "amount_fen": lambda event: format_yuan(event["amount_fen"]),
    "days": lambda event: str(event["value"]),
    "day": lambda event: date_of(event["value"]).isoformat(),
    "due_day": lambda event: date_of(event["at"] // DAY_MS + event["value"]).isoformat(),
}
"""How each placeholder is written, from the columns of the event: amounts in yuan, instants to the minute; the value is so many
`days`, a `day`, or how many days from then the `due_day` is."""


def text(policy: NoticePolicy, topic: Topic, event: Mapping[str, int], *, english: bool = False) -> str:
    """The text of a notice on an event, Chinese unless asked otherwise; `event`: the columns of the event by name."""
    template = policy.of(topic)
    words = template.en if english else template.zh

    return policy.signature + PLACEHOLDER.sub(lambda found: WRITE[found[1]](event), words)
