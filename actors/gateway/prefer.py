"""How long a caller is willing to wait (RFC 7240). Preferences may be ignored, so an answer says which one was heeded and how far
(`Preference-Applied`); a wait that is none is refused before anything is done, since who gave it relies on it."""

from __future__ import annotations

import re

from fastapi import Request, Response

from actors.gateway.problems import Problem

WAIT_MAX_S = 60
_SECONDS = re.compile(r'[0-9]{1,18}|"[0-9]{1,18}"')
_PREFERENCE = re.compile(r'\s*([^\s=;,"]*)\s*(?:=\s*("[^"]*"|[^\s;,]*))?\s*(?:;(?:"[^"]*"|[^,"])*)?(?:,|$)')


def wait_s(request: Request, response: Response) -> float:
    """The seconds of ``Prefer: wait=10``, at most `WAIT_MAX_S`, which the answer's headers will tell; 0 where he does not say.
    The first wait counts, as the RFC has it. Problem 400 where it is no number of whole seconds."""
    given = request.headers.getlist("prefer")
    if not given:
        return 0.0
    for name, value in _PREFERENCE.findall(", ".join(given)):
        if name.lower() == "wait":
            if not _SECONDS.fullmatch(value):
                raise Problem(
                    400,
                    "Bad preference",
                    f"Prefer: wait: whole seconds are needed, as in wait=10; at most {WAIT_MAX_S} are waited",
                    field="Prefer",
                    detail_zh=f"请求头 Prefer 的 wait 应为整秒数，如 wait=10，最长等待 {WAIT_MAX_S} 秒",
                )
            applied = min(int(value.strip('"')), WAIT_MAX_S)
            response.headers["Preference-Applied"] = f"wait={applied}"
            return float(applied)
    return 0.0
