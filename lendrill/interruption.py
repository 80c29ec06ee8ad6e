"""How a run is ended from outside: Ctrl-C, SIGTERM as a scheduler sends it, or a terminal that is closed (SIGHUP). While windows
are worked the first of them only asks for an end, so that every window begun is also ended and the state is one that a run can
be continued from; at any other time, and for the impatient who ask twice, the run breaks off at once. A signal that the caller
ignores (nohup, a shell's background) stays ignored."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Listens while it is entered. `asked()` says whether an end was asked for; `patient` is set while that is enough: what is
    called then, so that whoever asked hears that he was heard."""

    def __init__(self) -> None:
        self.patient: Callable[[], None] | None = None
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def asked(self) -> bool:
        """True once somebody wants the run to end."""
        return self._asked

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._hear) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.patient and not self._asked:
            self._asked = True
            self.patient()
        else:
            raise KeyboardInterrupt
