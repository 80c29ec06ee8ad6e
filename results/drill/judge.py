"""Each of a drill's expectations, held or not, in one line of both languages. One that can't be measured is missed, with the
reason. Beside what the drill's file expects, every drill must go as planned, have a record that agrees with itself, never two
sites that lead, nothing doubled, equal digests, and books that balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit.room import Words
from results.drill.words import FAULTS, SERVICES, place

PEOPLE_NEEDED = 2
"""So many decide on a switch (DR-10)."""
_MISSED = 1
_NOTHING: Words = ("not measured", "无法测得")


@dataclass(frozen=True)
class Line:
    """One expectation."""

    name: str
    held: bool
    words: Words
    measured: Any = None
    limit: Any = None

    @property
    def said(self) -> str:
        """In Chinese, then English."""
        return f"{self.words[1]} · {self.words[0]}"

    def check(self) -> dict[str, Any]:
        """As evidence, JUnit and the page have it."""
        return {
            "name": self.name,
            "held": self.held,
            "measured": self.measured,
            "limit": self.limit,
            "words": list(self.words),
            "said": f"{self.name}: {self.said}",
        }


@dataclass(frozen=True)
class Verdict:
    """What became of a drill."""

    folder: Path
    lines: tuple[Line, ...]

    @property
    def held(self) -> bool:
        """Every expectation did."""
        return all(line.held for line in self.lines)

    @property
    def exit_code(self) -> int:
        """0, or 1 where an expectation was missed."""
        return 0 if self.held else _MISSED


def judged(evidence: dict[str, Any]) -> tuple[Line, ...]:
    """Every expectation of a drill's evidence."""
    return (
        _went(evidence),
        _agrees(evidence),
        *_recovery(evidence),
        *_kept(evidence),
        *_struck(evidence),
        *_led(evidence),
        *_decided(evidence),
        *_books(evidence),
        *_restored(evidence),
    )


def _went(of: dict[str, Any]) -> Line:
    faults = [tuple(words) for words in of["unplanned"]]
    befell = sum(one["kind"] == "befalls" for one in of["disruptions"])
    return _line(
        "as_planned",
        (
            f"as planned; faults: {befell}, decisions: {len(of['decisions'])}",
            f"按方案进行；故障 {befell} 次，决策 {len(of['decisions'])} 项",
        ),
        faults,
    )


def _agrees(of: dict[str, Any]) -> Line:
    return _line(
        "record", ("the record agrees with itself", "记录前后一致"), [tuple(words) for words in of["contradictions"]]
    )


def _line(name: str, good: Words, faults: list[Any]) -> Line:
    """Held where there is no fault; else the faults are what is said."""
    if not faults:
        return Line(name, True, good)
    return Line(name, False, ("; ".join(one[0] for one in faults), "；".join(one[1] for one in faults)))


def _restored(of: dict[str, Any]) -> Iterator[Line]:
    """A bank made of backups alone: the same up to where they go, and nothing lost that was acknowledged before the last."""
    if of["drill"].get("restore") is None:
        return
    one = of.get("restored") or {}
    faults: list[Words] = []
    if not one.get("equal"):
        why = one.get("why") or "another bank than it was then"
        faults.append((f"the restored bank: {why}", f"恢复后的数据与当时不一致：{why}"))
    else:
        since = one["backed_up_s"]
        early = [lost["id"] for lost in one["lost"] if since is None or lost["acknowledged_s"] < since]
        unnamed = {lost["id"] for lost in one["lost"]} - set(one["named"])
        if early:
            names = ", ".join(early[:5])
            faults.append((f"lost though acknowledged before the backup: {names}", f"备份前已确认却丢失：{names}"))
        if unnamed:
            names = ", ".join(sorted(unnamed)[:5])
            faults.append((f"lost and not named by the restore: {names}", f"丢失而恢复时未列明：{names}"))
        if one["trial_balance_fen"]:
            faults.append((f"its trial balance is out by {one['trial_balance_fen']:,} fen", "恢复后试算不平"))
    count = len(one.get("lost", ()))
    took, windows = f"{one.get('took_s', 0):.1f}", f"{one.get('windows', 0):,}"
    english = f"restored in {took} s, equal to the day book over {windows} windows; {count} requests lost, each named"
    chinese = f"{took} 秒恢复，与日志 {windows} 个窗口一致；丢失 {count} 笔，均已列明"
    yield _line(
        "restored", (f"{english}, acknowledged after the last backup", f"{chinese}且在最后一次备份之后"), faults
    )


def _recovery(of: dict[str, Any]) -> Iterator[Line]:
    for name, (english, chinese) in SERVICES.items():
        one = of["services"][name]
        target, rto, gap = one["target_rto_s"], one["rto_s"], one["gap_s"]
        if target is None:
            continue
        bound = (f"; at most {target:g} s", f"；不高于 {target:g} 秒")
        held = rto is not None and rto <= target
        if one["state"] == "unknown":
            found = (f"recovery not measured: {one['why'][0]}", f"恢复时间无法测得：{one['why'][1]}")
        elif one["state"] == "not_back":
            found = ("not back before the drill's end", "演练结束前未恢复")
        elif one["state"] == "not_interrupted":
            found = ("not interrupted (RTO 0)", "未中断（RTO 0）")
            if gap > max(target, _FINEST_S):
                held, found = (
                    False,
                    (
                        f"recovery not measured: gaps up to {gap:.1f} s were usual",
                        f"恢复时间无法测得：平时空档即可达 {gap:.1f} 秒",
                    ),
                )
        else:
            found = (f"back after {rto:.1f} s", f"{rto:.1f} 秒后恢复")
        yield Line(
            f"rto.{name}", held, (f"{english}: {found[0]}{bound[0]}", f"{chinese}：{found[1]}{bound[1]}"), rto, target
        )


_FINEST_S = 1.0
"""[s] A target below it is held by a service that was not interrupted (`recovery.GAP_S`)."""


def _kept(of: dict[str, Any]) -> Iterator[Line]:
    expected, clients, books = of["drill"]["expected"], of["clients"], of["books"]
    lost = len(of["lost"]["ids"])
    some = books["acknowledged"] > 0
    yield _at_most(
        "lost_requests",
        lost if some else None,
        expected["lost_requests"],
        (
            f"requests lost of {books['acknowledged']:,} acknowledged (RPO)",
            f"笔丢失，已确认 {books['acknowledged']:,} 笔（RPO）",
        ),
    )
    yield _at_most("doubled", len(of["doubled"]) if some else None, 0, ("requests became two cases", "笔请求重复入账"))
    yield _at_most(
        "given_up",
        clients["unanswered"] if clients["offered"] else None,
        expected["given_up"],
        (f"requests of {clients['offered']:,} without an answer", f"笔请求未获答复，共 {clients['offered']:,} 笔"),
    )


def _struck(of: dict[str, Any]) -> Iterator[Line]:
    """A partner that nobody called while it was away shows nothing."""
    for partner, calls in of["struck"].items():
        found = _NOTHING if calls is None else (f"{calls:,}", f"{calls:,}")
        words = (f"{found[0]} calls met with it; at least 1", f"受影响调用 {found[1]} 次；不低于 1 次")
        name = place(partner)
        yield Line(f"struck.{partner}", bool(calls), (f"{name[0]}: {words[0]}", f"{name[1]}：{words[1]}"), calls, 1)


def _at_most(name: str, measured: int | None, limit: int, about: Words) -> Line:
    found = _NOTHING if measured is None else (f"{measured:,}", f"{measured:,}")
    words = (f"{found[0]} {about[0]}; at most {limit:,}", f"{found[1]} {about[1]}；不高于 {limit:,}")
    return Line(name, measured is not None and measured <= limit, words, measured, limit)


def _led(of: dict[str, Any]) -> Iterator[Line]:
    expected, leading = of["drill"]["expected"], of["leading"]
    end = leading["at_end"]
    leader, wanted = end["leader"], expected["leader"]
    found = _NOTHING if leader is None else place(leader)
    yield Line(
        "leader",
        leader == wanted or (wanted == "any" and leader is not None),
        (
            f"{found[0]} leads at the end; expected {place(wanted)[0]}",
            f"结束时主用为{found[1]}；预期为{place(wanted)[1]}",
        ),
        leader,
        wanted,
    )
    if expected["takeovers"] is not None:
        n, limit = (leading["takeovers"] if leading["terms"] else None), expected["takeovers"]
        told = _NOTHING if n is None else (f"{n}",) * 2
        yield Line(
            "takeovers",
            n == limit,
            (f"changes of the leading site: {told[0]}; expected {limit}", f"主用切换 {told[1]} 次；预期 {limit} 次"),
            n,
            limit,
        )
    yield _one_leader(leading)
    if expected["in_step"] is not None:
        names, limit = end["in_step"], expected["in_step"]
        yield Line(
            "in_step",
            len(names) >= limit,
            (
                f"{len(names)} sites hold everything at the end ({', '.join(names) or 'none'}); at least {limit}",
                f"结束时 {len(names)} 个中心数据齐全（{'、'.join(place(one)[1] for one in names) or '无'}）；不低于 {limit}",
            ),
            len(names),
            limit,
        )


def _one_leader(leading: dict[str, Any]) -> Line:
    two = leading["two_leaders"]
    if not leading["terms"]:
        return Line(
            "one_leader",
            False,
            ("who led is not measured: no site ever said that it does", "主用情况无法测得：没有中心称自己为主用"),
        )
    faults = [_same_epoch(one) for one in two["same_epoch"][:3]]
    faults += [_deposed(one) for one in two["deposed_writes"][:3]]
    n = two["looked_at"]
    return _line(
        "one_leader",
        (f"never two sites that acknowledged writes at once, over {n:,} looks", f"观察 {n:,} 次，未出现双主写入"),
        faults,
    )


def _same_epoch(one: dict[str, Any]) -> Words:
    t, epoch, names = one["since"], one["epoch"], [place(name) for name in one["sites"]]
    english, chinese = " and ".join(words[0] for words in names), "与".join(words[1] for words in names)
    return f"{english} both led epoch {epoch} at {t:.1f} s", f"{t:.1f} 秒时{chinese}同为任期 {epoch} 的主用"


def _deposed(one: dict[str, Any]) -> Words:
    t, epoch, later = one["t"], one["epoch"], one["later_epoch"]
    site, other = place(one["site"])[1], place(one["later_site"])[1]
    return (
        f"{one['site']} acknowledged {one['id']} at {t:.1f} s in epoch {epoch}, though {one['later_site']} led epoch {later}",
        f"{t:.1f} 秒时{site}以任期 {epoch} 确认 {one['id']}，而{other}已为任期 {later} 的主用",
    )


def _decided(of: dict[str, Any]) -> Iterator[Line]:
    for number, one in enumerate(of["decisions"], 1):
        limit, took, by = one["within_s"], one["took_s"], one["by"]
        people = len(set(by))
        held = took is not None and 0 <= took <= limit and people >= PEOPLE_NEEDED
        if took is None:
            why = one["refused"] or ("not decided", "未决策")
            found = (why[0] or "refused", why[1] or "被拒")
        else:
            found = (
                f"decided after {took:.1f} s by {people} people ({', '.join(by) or 'nobody'})",
                f"{took:.1f} 秒后由 {people} 人决策（{'、'.join(by) or '无人'}）",
            )
        what, where, bound = FAULTS[one["what"]], place(one["site"]), f"{limit:g}"
        words = (
            f"{what[0]} ({where[0]}): {found[0]}; within {bound} s by {PEOPLE_NEEDED} people",
            f"{what[1]}（{where[1]}）：{found[1]}；限 {bound} 秒内由 {PEOPLE_NEEDED} 人决策",
        )
        yield Line(f"decision.{number}", held, words, took, limit)


def _books(of: dict[str, Any]) -> Iterator[Line]:
    books, end = of["books"], of["leading"]["at_end"]
    unlike: list[Words] = [
        (f"{name} does not hold what {end['leader']} holds", f"{place(name)[1]}与主用数据不一致")
        for name in end["unlike"]
    ]
    if end["leader"] is None or end["leader"] not in books["sites"]:
        unlike = [("digests are not measured: nobody is known to lead at the end", "摘要无法比对：结束时主用不明")]
    yield _line(
        "digests",
        (
            f"the sites in step have equal digests ({', '.join(end['in_step'])})",
            f"同步中心摘要一致（{'、'.join(place(one)[1] for one in end['in_step'])}）",
        ),
        unlike,
    )
    again: list[Words] = [
        (
            f"{name}: the day book worked again is not shown to be the bank that was",
            f"{place(name)[1]}：未证明日志重演一致",
        )
        for name, one in books["sites"].items()
        if not (one.get("replayed") and one.get("compared"))
    ]
    if not books["sites"]:
        again = [("no site's day book was worked again", "没有任何中心的日志被重演")]
    n = sum(one.get("compared") or 0 for one in books["sites"].values())
    yield _line(
        "replay",
        (
            f"the day book worked again gives the same digests, {n:,} chains compared",
            f"日志重演摘要一致（比对 {n:,} 处）",
        ),
        again,
    )
    trial, postings = books["trial_balance_fen"], books["postings"]
    yield Line(
        "ledger",
        trial == 0 and postings > 0,
        (
            f"{_told(trial)[0]} fen is the trial balance out by, over {postings:,} postings",
            f"试算平衡差额 {_told(trial)[1]} 分（分录 {postings:,} 笔）",
        ),
        trial,
        0,
    )
    book, ledger = books["principal_fen"].values()
    yield Line(
        "principal",
        book is not None and book == ledger,
        (
            f"principal by loan {_told(book)[0]} fen, by ledger {_told(ledger)[0]} fen",
            f"贷款本金 {_told(book)[1]} 分，总账本金 {_told(ledger)[1]} 分",
        ),
        ledger,
        book,
    )
    if of["drill"]["expected"]["day_ended"]:
        done = bool(books["day_ended"])
        yield Line(
            "day_ended",
            done,
            (f"the end of day is {'done' if done else 'not done'}", f"日终{'已' if done else '未'}完成"),
            done,
            True,
        )


def _told(value: int | None) -> Words:
    return _NOTHING if value is None else (f"{value:,}", f"{value:,}")
