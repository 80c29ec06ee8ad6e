"""The pages that a gateway serves ask nobody outside, since a bank's network reaches nobody."""

from __future__ import annotations

import re

import httpx
import pytest

from actors.gateway import app as gateway
from actors.gateway import described
from actors.gateway.problems import Problem
from tests.actors.gateway.live import LiveBank

_NAMED = re.compile(r"""(?:href|src|action|content|url)\s*[=:(]\s*["']?\s*((?:[a-z]+:)?//[^"'\s)>]*)""", re.IGNORECASE)


@pytest.fixture(scope="module")
def pages(bank: LiveBank) -> dict[str, httpx.Response]:
    """All that a browser is given as a page, by path."""
    case, found = bank.apply()["case"], {}
    for path in (one.path for part in (*gateway.PARTS, described) for one in part.router.routes):
        where = re.sub(r"\{\w+\}", "1", path.replace("{case}", case))
        if "/events" not in path:
            answer = bank.client.get(where, headers={"Accept": "text/html"})
            if "html" in answer.headers.get("content-type", ""):
                found[path] = answer
    return found


def test_no_page_names_an_outside_host(bank: LiveBank, pages: dict[str, httpx.Response]) -> None:
    texts = {path: one.text for path, one in pages.items()} | {"/docs/start.js": bank.client.get("/docs/start.js").text}
    assert set(texts) == {
        "/docs", "/docs/start.js", "/vouchers/{code}", "/v1/applications/{case}/contract/document",
    }  # fmt: skip
    assert not [path for path, text in texts.items() if _NAMED.findall(text) or re.search(r"https?:", text)]


def test_every_page_has_its_browser_ask_nobody_else(pages: dict[str, httpx.Response]) -> None:
    for one in pages.values():
        policy = one.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
        assert "*" not in policy


def test_the_page_of_the_api_has_all_that_it_names(bank: LiveBank) -> None:
    page = bank.client.get("/docs")
    named = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(named) == 4
    for name in named:
        answer = bank.client.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.content) > 100
    assert "SwaggerUIBundle" in bank.client.get("/docs/swagger-ui-bundle.js").text[:200_000]
    assert bank.client.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert "validatorUrl: null" in bank.client.get("/docs/start.js").text


def test_the_style_sheet_brings_its_own_pictures(bank: LiveBank) -> None:
    style = bank.client.get("/docs/swagger-ui.css").text
    assert not [one for one in re.findall(r"url\(\s*[\"']?([^\"')]{0,20})", style) if not one.startswith("data:")]
    assert "@import" not in style


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..%2Fcore.py", "%2e%2e%2f__init__.py", "x"])
def test_other_files_of_the_package_are_not_served(bank: LiveBank, name: str) -> None:
    assert bank.client.get(f"/docs/{name}").status_code == 404


def test_without_the_package_the_page_says_where_the_document_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, "find_spec", lambda _: None)
    described._folder.cache_clear()
    with pytest.raises(Problem, match=r"openapi\.json"):
        described._folder()
