"""What a run shows while it goes on: the virtual date, how much has passed each stage, the rate and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from actors.pipeline import Progress
from credit.applications.contract import Event as ApplicationEvent
from credit.approval.contract import Event as ApprovalEvent
from credit.collections.contract import Event as CollectionEvent
from credit.contracts.contract import Event as ContractEvent
from credit.disbursement.contract import Event as DisbursementEvent
from credit.repayment.contract import Event as RepaymentEvent
from credit.scoring.contract import Event as ScoringEvent
from credit.times import text_of

_SHOWN = (
    ("submitted", ApplicationEvent.APPLICATION_SUBMITTED),
    ("scored", ScoringEvent.APPLICATION_SCORED),
    ("approved", ApprovalEvent.APPLICATION_APPROVED),
    ("signed", ContractEvent.CONTRACT_SIGNED),
    ("loans paid out", DisbursementEvent.LOAN_DISBURSED),
    ("instalments paid", RepaymentEvent.INSTALMENT_PAID),
    ("overdue", RepaymentEvent.OVERDUE_STARTED),
    ("collection cases", CollectionEvent.CASE_OPENED),
)
_PLAIN_EVERY_S = 5.0


def say(quiet: bool, text: str) -> None:
    """One line about what takes a moment, before and after the windows."""
    if not quiet:
        Console(file=sys.stderr).print(text, style="dim", highlight=False, soft_wrap=True)


class Panel:
    """What is shown lives on a terminal, is a line every few seconds elsewhere, and nothing with `quiet`."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._console = quiet, Console(file=sys.stderr)
        self._live = (
            Live(console=self._console, refresh_per_second=4) if self._console.is_terminal and not quiet else None
        )
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """A line that stays, above the panel where it lives."""
        if not self._quiet:
            self._console.print(text, style="dim", highlight=False, soft_wrap=True)

    def show(self, line: Callable[[], str], panel: Callable[[], RenderableType]) -> None:
        """The panel where it lives, the line where it is time for one."""
        if self._live is not None:
            self._live.update(panel())
        elif not self._quiet and time.monotonic() - self._said > _PLAIN_EVERY_S:
            self._said = time.monotonic()
            self._console.print(line(), highlight=False, soft_wrap=True)


class RunProgress(Panel):
    """How far a run is."""

    def __init__(self, windows: int, quiet: bool) -> None:
        super().__init__(quiet)
        self._windows = windows
        self._began = time.perf_counter()

    def ending(self) -> None:
        """Somebody wants the run to end."""
        self.say("Ending: the windows under way are finished first. Ask once more to break off at once.")

    def update(self, progress: Progress) -> None:
        """Called once a window."""
        self.show(lambda: self._line(progress), lambda: self._panel(progress))

    def _line(self, progress: Progress) -> str:
        share = progress.windows_done / self._windows
        elapsed = time.perf_counter() - self._began
        left = elapsed / share - elapsed if share else 0.0
        submitted = progress.events[ApplicationEvent.APPLICATION_SUBMITTED]
        return (
            f"{text_of(progress.window.start)[:16]}  {share:4.0%}  {submitted:,} submitted  "
            f"{progress.events[DisbursementEvent.LOAN_DISBURSED]:,} loans out  "
            f"{submitted / max(elapsed, 0.001):,.0f} customers/s  {left:.0f} s left"
        )

    def _panel(self, progress: Progress) -> Group:
        table = Table.grid(padding=(0, 2))
        for _ in _SHOWN[:4]:
            table.add_column(justify="right")
            table.add_column()
        cells = [(f"{progress.events[event]:,}", name) for name, event in _SHOWN]
        for row in (cells[:4], cells[4:]):
            table.add_row(*(text for pair in row for text in pair))
        bar = ProgressBar(total=self._windows, completed=progress.windows_done, width=60)
        return Group(Text(self._line(progress)), bar, table)
