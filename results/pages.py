"""Pages of the package's templates: files that open without a network, with their charts in them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs


class PageLacks(LookupError):
    """What a page shows is not in what it is drawn from."""


class _Missing(StrictUndefined):
    """What is not there can't be formatted either."""

    __format__ = StrictUndefined._fail_with_undefined_error


def write_page(
    template: str,
    file: Path,
    page: Mapping[str, Any],
    words: Mapping[str, Any],
    filters: Mapping[str, Any] = MappingProxyType({}),
) -> Path:
    """Writes a page and returns its path; what stood there before stays until it is whole. `words`: what every macro of the
    template may use. PageLacks where the page names what is not there."""
    environment = Environment(
        loader=PackageLoader("results"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=_Missing,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= words
    environment.filters |= filters
    try:
        text = environment.get_template(template).render(page)
    except UndefinedError as error:
        raise PageLacks(error.message) from error
    draft = file.with_name(file.name + ".draft")
    draft.write_text(text, encoding="utf-8")
    return draft.replace(file)


def drawing(drawn: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a page needs to draw its charts; it `has` none of others than those."""
    return {
        "plotly": Markup(get_plotlyjs().replace("</script", "<\\/script")),
        "charts": Markup(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
        "has": defaultdict(bool, {name: bool(chart["data"]) for name, chart in drawn.items()}),
    }
