"""A drill whose faults are drawn from a seed: what nobody thought of. One fault after another, each over before the next begins,
so that a bank which keeps its promises loses nothing and goes on."""

from __future__ import annotations

from random import Random
from typing import Any

from scenarios.drill import SITES, WITNESS, Drill

NEAR = SITES[:2]
_ASKED = ("bureau", "lists", "tax", "public_security", "accounts")
"""Partners that are asked of an application."""
_FAULTS, _FIRST_S, _APART_S = 8, 12, 14
_LONGEST_S = 6.0


def drawn(seed: int) -> Drill:
    """The drill of a seed; the same one each time."""
    draw = Random(f"drill {seed}")
    kinds = draw.sample(list(_KINDS), len(_KINDS) // 2 + 1)
    befalls = []
    for number in range(_FAULTS):
        at_s = _FIRST_S + number * _APART_S + draw.randrange(3)
        befalls.append({"at_s": at_s, **_KINDS[draw.choice(kinds)](draw)})
        if befalls[-1]["what"] == "damage_book":  # nobody reads what is damaged until a process begins anew
            befalls.append({"at_s": at_s + 1, "what": "kill", "place": befalls[-1]["place"]})
    which = sorted({one["what"] for one in befalls})
    return Drill.model_validate(
        {
            "name_zh": f"随机演练（种子 {seed}）",
            "name_en": f"Faults drawn from seed {seed}",
            "about_zh": f"按种子 {seed} 抽取的故障，依次发生：{'、'.join(which)}。",
            "about_en": f"Faults drawn from seed {seed}, one after another: {', '.join(which)}.",
            "load": {"seconds": _FIRST_S + _FAULTS * _APART_S + 8},
            "befalls": befalls,
            "expected": {"leader": "any", "in_step": 2},
        }
    )


def _for(draw: Random) -> float:
    return round(draw.uniform(1.0, _LONGEST_S), 1)


def _process(draw: Random) -> dict[str, Any]:
    if draw.random() < 0.2:
        return {"place": WITNESS, "process": draw.choice(("witness", "lines"))}
    return {"place": draw.choice(SITES), "process": draw.choice(("conductor", "conductor", "gateway-0", "backups"))}


def _kill(draw: Random) -> dict[str, Any]:
    times = draw.randint(1, 3)
    return {"what": "kill", **_process(draw), "times": times, **({"every_s": 2.0} if times > 1 else {})}


def _hang(draw: Random) -> dict[str, Any]:
    return {"what": "hang", **_process(draw), "for_s": _for(draw)}


def _lose(draw: Random) -> dict[str, Any]:
    return {"what": "lose", "place": draw.choice((*SITES, WITNESS)), "for_s": _for(draw)}


def _cut(draw: Random) -> dict[str, Any]:
    place, to = draw.sample((*SITES, WITNESS), 2)
    return {"what": "cut", "place": place, "to": to, "one_way": draw.random() < 0.5, "for_s": _for(draw)}


def _slow_line(draw: Random) -> dict[str, Any]:
    return {
        "what": "slow_line",
        "place": NEAR[0],
        "to": NEAR[1],
        "delay_ms": draw.randint(20, 400),
        "for_s": _for(draw),
    }


def _full_disk(draw: Random) -> dict[str, Any]:
    return {"what": "full_disk", "place": draw.choice(NEAR), "for_s": _for(draw)}


def _slow_disk(draw: Random) -> dict[str, Any]:
    return {"what": "slow_disk", "place": draw.choice(SITES), "delay_ms": draw.randint(50, 3_000), "for_s": _for(draw)}


def _wrong_clock(draw: Random) -> dict[str, Any]:
    ahead_s = draw.choice((-1, 1)) * draw.randint(10, 100_000)
    return {"what": "wrong_clock", "place": draw.choice(SITES), "ahead_s": ahead_s, "for_s": _for(draw)}


def _damage(draw: Random) -> dict[str, Any]:
    return {"what": "damage_book", "place": draw.choice(NEAR)}


def _partner_outage(draw: Random) -> dict[str, Any]:
    return {"what": "partner_outage", "partner": draw.choice(_ASKED), "for_s": _for(draw)}


def _slow_partner(draw: Random) -> dict[str, Any]:
    return {
        "what": "slow_partner",
        "partner": draw.choice(_ASKED),
        "delay_ms": draw.randint(500, 20_000),
        "for_s": _for(draw),
    }


def _branch_outage(draw: Random) -> dict[str, Any]:
    return {"what": "branch_outage", "branch": 1, "for_s": _for(draw)}


_KINDS = {
    "kill": _kill, "hang": _hang, "lose": _lose, "cut": _cut, "slow_line": _slow_line, "full_disk": _full_disk,
    "slow_disk": _slow_disk, "wrong_clock": _wrong_clock, "damage": _damage,
    "partner_outage": _partner_outage, "slow_partner": _slow_partner,
    "branch_outage": _branch_outage,
}  # fmt: skip
