"""A report card as PDF: tagged (PDF/UA-1), US Letter, typefaces from pinned wheels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.cards.wording import how_to_read, methods, purpose
from teams.drawing.documents import typeset

TEMPLATE = Path(__file__).parent / "card.typ"

#: Heights on the pages of measures, in points; with them a measure is never cut in two.
_PAGE, _DOMAIN, _MEASURE, _ROW, _REMAINDER, _REMAINDER_LINE = 668.0, 9.8, 10.4, 9.5, 7.4, 7.0
_REMAINDER_CHARACTERS = 165
_LEAST_INSET, _MOST_SPREAD = 0.75, 1.8


def render_pdf(card: Mapping[str, Any], *, made_at: datetime | None = None) -> bytes:
    """The document as bytes. card: from `present_card`. The same card and time give the same bytes.

    made_at: creation time written into the file; for a published card the time of publication.
    """
    pages, row_inset = _pages(card["domains"])
    data = {
        **card,
        "short_title": _shortened(card["title"], 70),
        "title_size": 30 if len(card["title"]) <= 48 else 24 if len(card["title"]) <= 90 else 18,
        "footer": _footer(card),
        "purpose": purpose(card),
        "how_to_read": how_to_read(card),
        "methods": _halves(methods(card)),
        "definition_columns": _halves(card["definitions"]),
        "pages": pages,
        "row_inset": row_inset,
    }
    return typeset(TEMPLATE, _kebab(data), made_at=made_at or datetime.now(UTC))


def _kebab(value: Any) -> Any:
    """Keys with hyphens, as the template language writes them."""
    if isinstance(value, Mapping):
        return {key.replace("_", "-"): _kebab(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_kebab(part) for part in value]
    return value


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _footer(card: Mapping[str, Any]) -> str:
    parts = [f"Data as of {card['as_of_text']}"] if card["as_of_text"] else []
    parts.append(f"data version {card['data_version']}, method version {card['method_version']}")
    parts.append(f"SHA-256 {card['sha256'][:16]}…" if card["sha256"] else "draft, not published")
    return " · ".join(parts)


#: The parts of an item that are printed; each item in addition leaves a line half empty.
_SAID = ("term", "text", "name", "code", "numerator", "denominator")


def _halves(items: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Two columns of about the same length of text, in reading order."""
    lengths = [sum(len(item.get(key, "")) for key in _SAID) + 70 for item in items]
    half = sum(lengths) / 2
    cut = next((i for i in range(len(items)) if sum(lengths[: i + 1]) > half), len(items))
    if cut < len(items) and sum(lengths[: cut + 1]) - half < half - sum(lengths[:cut]):
        cut += 1
    return [items[:cut], items[cut:]]


def _height(measure: Mapping[str, Any]) -> float:
    height = _MEASURE + _ROW * len(measure["rows"])
    if measure["remainder"] or not measure["rows"]:
        length = sum(len(p["words"]) + len(p["text"]) + 5 for p in measure["remainder"])
        height += _REMAINDER + _REMAINDER_LINE * (length // _REMAINDER_CHARACTERS)
    return height


def _pages(domains: list[dict[str, Any]]) -> tuple[list[list[dict[str, Any]]], float]:
    """Measures laid out on pages, each with the names of its domains, and the space above and below a row.

    Pages are about equally full, and rows stand as far apart as the fullest page allows.
    """
    heights = [(_height(m), d["name"], m) for d in domains for m in d["measures"]]
    total = sum(h for h, _, _ in heights) + _DOMAIN * len(domains)
    count = max(1, -(-int(total) // int(_PAGE)))
    # A little more than the mean, so that the last page is not the one that overflows.
    room = min(_PAGE, total / count + 40)
    pages: list[list[dict[str, Any]]] = []
    used: list[float] = []
    for height, domain, measure in heights:
        new_domain = not pages or pages[-1][-1]["name"] != domain
        if not pages or used[-1] + height + (_DOMAIN if new_domain else 0) > room:
            pages.append([])
            used.append(0.0)
            new_domain = True
        if new_domain:
            pages[-1].append({"name": domain, "measures": []})
            used[-1] += _DOMAIN
        pages[-1][-1]["measures"].append(measure)
        used[-1] += height
    spare = [
        (_PAGE - height) / (2 * max(1, sum(len(m["rows"]) for d in page for m in d["measures"])))
        for page, height in zip(pages, used, strict=True)
    ]
    return pages, round(_LEAST_INSET + min([_MOST_SPREAD, *spare]), 2)
