"""How the command line draws its tables. Presentation only; every figure arrives computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from credit.money import format_yuan
from lendrill.requirements import Clause, Requirement, counts, outcomes_of
from results.intervals import few_text

if TYPE_CHECKING:
    from credit.terms import Term
    from lendrill.fields import Field
    from results.compare import Comparison
    from results.figures import Figure
    from scenarios.drill_calendar import Row
    from scenarios.model import Scenario

_STYLES = {"failing": "bold red", "shown": "green", "part": "yellow", "open": "dim"}
_DUE = {
    "never": ("bold red", "从未 never held"),
    "overdue": ("bold red", "逾期 overdue"),
    "this_month": ("yellow", "本月 this month"),
    "planned": ("green", "计划 planned"),
}
_TESTS_SHOWN = 3


def requirements_table(shown: Sequence[Requirement], entries: Sequence[Requirement]) -> None:
    """Print `shown` by section, an id with its clauses below it, and the counts of all `entries` at the end."""
    console = Console()
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("requirement; each clause with its run and its tests, or what it lacks", overflow="fold")
    section = ""
    for entry in shown:
        if entry.section != section:
            section = entry.section
            table.add_section()
            table.add_row("", "", f"[bold]{section}")
        text = escape(entry.text) + "".join(_clause_lines(clause) for clause in entry.clauses)
        table.add_row(entry.id, f"[{_STYLES[entry.state]}]{entry.state}", text)
    console.print(table)
    console.print(
        f"\n{len(entries)} requirements: " + ", ".join(f"{n} {state}" for state, n in counts(entries).items())
    )
    went = outcomes_of(entries)
    console.print("Clauses with tests: " + ", ".join(f"{len(ids)} {outcome}" for outcome, ids in went.items()))
    if went["failed"]:
        console.print("[bold red]failed:[/] " + ", ".join(went["failed"]))


def scenarios_table(scenarios: Sequence[Scenario]) -> None:
    """Print each scenario's name, size, what it is for and what to look at."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("scenario", no_wrap=True, style="bold")
    table.add_column("customers", justify="right")
    table.add_column("days", justify="right")
    table.add_column("what it is for, and what to look at", overflow="fold")
    for scenario in scenarios:
        look = "".join(f"\n[dim]- {escape(text)}" for text in scenario.look_at)
        table.add_row(
            scenario.name, f"{scenario.run.customers:,}", f"{scenario.run.days:,}", escape(scenario.purpose) + look
        )
    Console().print(table)


def terms_table(rows: Sequence[tuple[Term, int | None]]) -> None:
    """Print each term in English and Chinese, what makes it so, and of how many it holds."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("term 术语", no_wrap=True, style="bold")
    table.add_column("what it means, and the events that make it so", overflow="fold")
    if counts_told := any(count is not None for _, count in rows):
        table.add_column("in the run 本次运行", justify="right")
    for term, count in rows:
        events = ", ".join(event.name.lower() for event in term.events)
        told = "\n".join((*map(escape, term.means), f"[dim]{events}"))
        table.add_row(" ".join(term.words), told, *([f"{count:,} {term.of}s"] if counts_told else []))
    Console().print(table)


def drill_calendar_table(rows: Sequence[Row]) -> None:
    """Print the year's drills, what is due first, each with the rule that asks for it."""
    table = Table(show_edge=False, pad_edge=False)
    for name in (
        "演练 drill",
        "状态 state",
        "应于 due",
        "上次 last",
        "一年内 within a year",
        "方案 drills; 依据 source",
    ):
        table.add_column(name, overflow="fold")
    for row in rows:
        style, state = _DUE[row.state]
        days = ", ".join(f"{day:%m-%d}" for day in row.planned[:3]) + (
            f" … {len(row.planned)}×" if row.planned[3:] else ""
        )
        last = "–" if row.last is None else f"{row.last.day} {row.last.name}"
        drills = ", ".join(row.rule.drills) or "–"
        table.add_row(
            f"{row.rule.name_zh}\n[dim]{row.rule.name_en}[/]", f"[{style}]{state}[/]", f"{row.due}", escape(last), days or "–",
            f"{escape(drills)}\n[dim]{escape(row.rule.source)}[/]",
        )  # fmt: skip
    Console().print(table)


def fields_table(found: Sequence[Field]) -> None:
    """Print each field's path with its type, unit, what is allowed and its default, and below what it does and why."""
    console = Console(highlight=False, soft_wrap=True)
    for field in found:
        said = (field.kind, field.unit.replace("–", ""), field.allowed, f"default {field.default}")
        told = "; ".join(word for word in dict.fromkeys(said) if word).replace("default needed", "needed")
        console.print(f"[bold]{escape(field.path)}[/]  {escape(told)}")
        console.print(f"    {escape(field.text)} ({field.source})")


def schedule_table(plan: dict[str, Any]) -> None:
    """Print a plan as `lendrill.schedule.as_json` gives it, in yuan, with its totals below."""
    table = Table(show_edge=False, pad_edge=False, show_footer=True)
    rows = plan["instalments"]
    table.add_column("number", justify="right")
    table.add_column("due", "total")
    for name in ("principal", "interest", "payment"):
        total = sum(row[f"{name}_fen"] for row in rows)
        table.add_column(name, format_yuan(total), justify="right", no_wrap=True)
    table.add_column("balance", justify="right", no_wrap=True)
    for row in rows:
        amounts = [format_yuan(row[f"{name}_fen"]) for name in ("principal", "interest", "payment", "balance")]
        table.add_row(str(row["number"]), row["due"], *amounts)
    Console().print(table)


def comparison_tables(comparison: Comparison) -> None:
    """Print in what the runs differ, their figures side by side, then what became of the same applications: rows the first run,
    columns the second. Figures that neither run has, or that are 0 in both, are left out."""
    console = Console()
    if comparison.differences:
        _differences_table(console, comparison)
    else:
        console.print("The same scenario, seed and policies.")
    figures = Table(title="\nFigures", show_edge=False, pad_edge=False)
    figures.add_column("", overflow="fold")
    for name in (*comparison.names, "difference"):
        figures.add_column(escape(name), justify="right", overflow="fold")
    for name, first, second in comparison.figures:
        if first.value or second.value:
            both = first.value is not None and second.value is not None
            change = _plain((second.value or 0) - (first.value or 0), signed=True) if both else "–"
            figures.add_row(name, figure_text(first), figure_text(second), change)
    console.print(figures)
    console.print("In brackets: 95% confidence intervals; figures without one are exact for their run.", style="dim")
    if comparison.paired:
        _fates_table(console, comparison)
    else:
        console.print("\nNothing is paired: no application is in both runs.")
    if comparison.other_start:
        console.print(
            "The runs begin on different days: what came of an application is of another age in each.", highlight=False
        )
    for why, count in comparison.unpaired.items():
        console.print(f"Not paired: {count:,} {why}.", highlight=False)


def _fates_table(console: Console, comparison: Comparison) -> None:
    fates = Table(title=f"\n{comparison.paired:,} applications in both runs", show_edge=False, pad_edge=False)
    fates.add_column("first ↓ second →", no_wrap=True)
    for name in comparison.fates:
        fates.add_column(name, justify="right")
    for name, row in comparison.fates.items():
        fates.add_row(name, *(f"{row[fate]:,}" for fate in comparison.fates))
    console.print(fates)
    console.print(f"The same people who ask for the same, as they stood on {comparison.until}.", style="dim")


def _differences_table(console: Console, comparison: Comparison) -> None:
    table = Table(title="In what they differ", show_edge=False, pad_edge=False)
    for name in ("", *comparison.names):
        table.add_column(escape(name), overflow="fold")
    for row in comparison.differences:
        table.add_row(*map(escape, row))
    console.print(table)


def figure_text(figure: Figure) -> str:
    """A figure with its interval, if it has one, and of how many it is a share where they are few; a dash where there is none."""
    if figure.value is None:
        return "–"
    span = figure.interval
    few = few_text(figure.of)
    return (
        _plain(figure.value)
        + (f" \\[{_plain(span[0])}–{_plain(span[1])}]" if span else "")
        + (f" ({few})" if few else "")
    )


def _plain(value: float, signed: bool = False) -> str:
    digits = 0 if float(value).is_integer() else 3 if abs(value) < 10 else 2
    return f"{value:{'+' if signed else ''},.{digits}f}"


def _clause_lines(clause: Clause) -> str:
    letter = clause.id.partition(".")[2]
    if clause.missing:
        return f"\n[yellow]{letter} {escape(clause.text)} ✗ {escape(clause.missing)}[/]"
    more = len(clause.tests) - _TESTS_SHOWN
    tests = [f"\n[dim]    {escape(test)}[/]" for test in clause.tests[:_TESTS_SHOWN]]
    style = "bold red" if clause.outcome == "failed" else "green" if clause.outcome == "passed" else "dim"
    said = f"\n[{style}]{letter}[/] {escape(clause.text)} [dim]→ {escape(clause.run)}; {clause.outcome}[/]"
    return said + "".join(tests) + (f"\n[dim]    … and {more} more[/]" if more > 0 else "")
