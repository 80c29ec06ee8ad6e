"""Structured logs (结构化日志) of a live bank's processes: a JSON object a line in ``HOME/log``, kept small by rotation. Who
looks for what became of a request finds its number there (`X-Request-ID` of the answer) beside the case that it was about."""

from __future__ import annotations

import atexit
import datetime as dt
import json
import logging
import queue
import time
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import cast

FOLDER = "log"
_BYTES_MAX, _KEPT = 32 << 20, 4
_EVERY_S = 0.1
_ROOTS = ("actors", "lendrill")


class JsonLines(logging.Formatter):
    """`extra={"said": {…}}` of a call becomes members of its line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "of": record.name, "message": record.getMessage()}
        line |= getattr(record, "said", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Rolling(RotatingFileHandler):
    """Looks at how long its file is, and not what it would be with the next line, which had to be written out for that twice."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802
        """Whether the next line begins a new file."""
        del record
        return self.stream is not None and self.stream.tell() >= self.maxBytes


class _Handing(QueueHandler):
    """Hands records over as they are: they stay in this process."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Nothing need be made fit to travel."""
        return record


class _Writing(QueueListener):
    """Writes what has come, a few times a second: a thread that wakes for each line takes turns with who answers."""

    def dequeue(self, block: bool) -> logging.LogRecord:
        """The next record; once there is none, what comes in a moment is waited for."""
        if cast(queue.SimpleQueue[logging.LogRecord], self.queue).empty():
            time.sleep(_EVERY_S)
        return super().dequeue(block)


def keep_log(home: Path, name: str) -> None:
    """Has this process write what it logs to ``HOME/log/NAME.jsonl``, by a thread of its own: no answer waits for the disk."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    handler = _Rolling(folder / f"{name}.jsonl", maxBytes=_BYTES_MAX, backupCount=_KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(JsonLines())
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    writer = _Writing(lines, handler)
    writer.start()
    atexit.register(writer.stop)
    for root in _ROOTS:
        logger = logging.getLogger(root)
        logger.addHandler(_Handing(lines))
        logger.setLevel(logging.INFO)
