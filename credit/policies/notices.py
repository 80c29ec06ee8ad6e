"""Notices policy (通知政策): the template of each topic, the channels it goes out by, how often an attempt is made, and when
nobody is to be disturbed. Wording is data, with `{{placeholders}}` that are columns of the event it tells of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from credit.codes import Channel
from credit.notices.contract import NoticeChannel, Topic
from credit.policies.base import WORDS, Minute, PolicyModel

PLACEHOLDER = re.compile(r"\{\{\s*(\w*)\s*\}\}")


def _one_of(name: str, allowed: type[Channel | NoticeChannel | Topic]) -> str:
    if name.upper() not in allowed.__members__:
        raise ValueError(f"{name!r} is not one of {', '.join(allowed.__members__).lower()}")
    return name


class Carrier(PolicyModel):
    """One channel, and how hard it is tried."""

    key: str
    """push, sms or letter."""
    attempts: int = Field(ge=1, le=10)
    """[number] How often a notice is handed to it before the next channel has it."""
    wait_minutes: int = Field(ge=1, le=10_080)
    """From a failure to an attempt by this channel."""
    applied_through: list[str] = []
    """Reaches only who applied through these channels (they have the app); empty: everybody."""

    _known = field_validator("key")(lambda name: _one_of(name, NoticeChannel))

    @field_validator("applied_through")
    @classmethod
    def _channels(cls, names: list[str]) -> list[str]:
        return [_one_of(name, Channel) for name in names]

    def reaches(self, channel: int) -> bool:
        """Whether it reaches who applied through a channel."""
        return not self.applied_through or channel in [Channel[name.upper()] for name in self.applied_through]


class NoticeTemplate(PolicyModel):
    """What a topic says, and how it goes out."""

    key: str
    """The topic."""
    version: int = Field(ge=1, le=1_000_000)
    """[number] Rises with every change of the words."""
    channels: list[str] = Field(min_length=1)
    """By which it goes out, in the order in which they are tried."""
    at_night: bool = False
    """Goes out at once, also in the quiet hours."""
    zh: Annotated[str, WORDS] = Field(min_length=2, max_length=500)
    """The words, in Chinese."""
    en: Annotated[str, WORDS] = Field(min_length=2, max_length=500)
    """The words, in English."""

    _known = field_validator("key")(lambda name: _one_of(name, Topic))

    @field_validator("channels")
    @classmethod
    def _channels(cls, names: list[str]) -> list[str]:
        if len(dict.fromkeys(names)) < len(names):
            raise ValueError("a channel stands twice")
        return [_one_of(name, NoticeChannel) for name in names]

    @model_validator(mode="after")
    def _fillable(self) -> NoticeTemplate:
        """Each placeholder is one that the topic's events fill."""
        allowed = Topic[self.key.upper()].placeholders
        for language in ("zh", "en"):
            for name in PLACEHOLDER.findall(getattr(self, language)):
                if name not in allowed:
                    raise ValueError(
                        f"template {self.key}: {language}: {{{{{name}}}}} is nothing that its events say; "
                        f"they say {', '.join(allowed)}"
                    )
        return self


class NoticePolicy(PolicyModel):
    """Everything notices are written and sent by."""

    signature: Annotated[str, WORDS] = Field(min_length=1, max_length=40)
    """Before every text (短信签名)."""
    quiet_from_minute: Minute
    """Minute of the day from which nobody is disturbed."""
    quiet_until_minute: Minute
    """Minute of the next day until which nobody is."""
    late_minutes: int = Field(ge=1, le=10_080)
    """A notice that comes later than so long after it was to go out first is counted as late."""
    channels: list[Carrier] = Field(min_length=1)
    """How hard each channel is tried."""
    templates: list[NoticeTemplate] = Field(min_length=1)
    """One a topic."""

    @model_validator(mode="after")
    def _whole(self) -> NoticePolicy:
        if self.quiet_until_minute >= self.quiet_from_minute:
            raise ValueError(
                f"quiet_until_minute: must be before quiet_from_minute ({self.quiet_from_minute}): the quiet hours span midnight"
            )
        carriers = {one.key: one for one in self.channels}
        if len(carriers) < len(self.channels):
            raise ValueError("channels: a channel stands twice")
        keys = sorted(one.key for one in self.templates)
        if keys != sorted(topic.name.lower() for topic in Topic):
            raise ValueError(
                f"templates: one is needed for each of {', '.join(Topic.__members__).lower()}; got {', '.join(keys)}"
            )
        for template in self.templates:
            unknown = [name for name in template.channels if name not in carriers]
            if unknown:
                raise ValueError(f"template {template.key}: nothing is said of channel {unknown[0]!r} under channels")
            if all(carriers[name].applied_through for name in template.channels):
                raise ValueError(f"template {template.key}: channels: the last one must reach everybody")
        return self

    def of(self, topic: Topic) -> NoticeTemplate:
        """The template of a topic."""
        return next(one for one in self.templates if one.key == topic.name.lower())
