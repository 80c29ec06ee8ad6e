"""Rules of notices: which channel carries which attempt, and when it may go out."""

from __future__ import annotations

import numpy as np

from credit.codes import Channel
from credit.notices.contract import NoticeChannel, Topic
from credit.policies.notices import NoticePolicy
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints


class Plan:
    """What the policy says of every topic, applied-through channel and attempt, as columns to be indexed.

    `channel`: (topics, channels of application, attempts) the `NoticeChannel` of an attempt, 0 = there is none any more ·
    `wait_ms`: how long after a failure that attempt goes out · `at_night`, `version`: by topic."""

    def __init__(self, policy: NoticePolicy) -> None:
        channels = {one.key: one for one in policy.channels}
        longest = max(sum(channels[name].attempts for name in one.channels) for one in policy.templates)
        shape = (max(Topic) + 1, max(Channel) + 1, longest + 2)
        self.channel, self.wait_ms = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.at_night, self.version = np.zeros(shape[0], dtype=bool), np.zeros(shape[0], dtype=np.int64)
        for template in policy.templates:
            topic = Topic[template.key.upper()]
            self.at_night[topic], self.version[topic] = template.at_night, template.version
            for applied in range(shape[1]):
                attempt = 0
                for one in (channels[name] for name in template.channels):
                    times = one.attempts if one.reaches(applied) else 0
                    mine = slice(attempt + 1, attempt + 1 + times)
                    self.channel[topic, applied, mine] = NoticeChannel[one.key.upper()]
                    self.wait_ms[topic, applied, mine] = one.wait_minutes * MINUTE_MS
                    attempt += times
        self._from_ms = policy.quiet_from_minute * MINUTE_MS
        self._until_ms = policy.quiet_until_minute * MINUTE_MS

    def waking(self, at: Ints, topic: Ints) -> Ints:
        """The first instant from `at` on at which a topic may go out: at once, or when the quiet hours are over."""
        day, time = np.divmod(at, DAY_MS)
        evening = time >= self._from_ms
        quiet: Bools = (evening | (time < self._until_ms)) & ~self.at_night[topic]
        return np.where(quiet, (day + evening) * DAY_MS + self._until_ms, at)
