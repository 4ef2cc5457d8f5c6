"""What a page on a method holds, how it is written, and the numbers that all examples share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

METHOD_FOLDER = "docs/methods"

#: A made-up screening measure; 1 is the group with the most people.
GROUPS = ("Asian", "Black", "Hispanic", "White", "Other")
MET = np.array([1005, 702, 589, 15930, 288])
PEOPLE = np.array([1500, 1100, 900, 22500, 450])
BLACK, WHITE = 1, 3
PAIR = (702, 1100, 15930, 22500)  # Black, then White

#: The same measure by fifths of neighbourhood deprivation, the most deprived first.
FIFTHS_MET = np.array([812, 1010, 1188, 1395, 1622])
FIFTHS = np.array([1400, 1600, 1750, 1900, 2100])


@dataclass(frozen=True)
class MethodPage:
    """One page. `example` gives its lines, with numbers computed when it is called."""

    slug: str
    title: str
    purpose: str
    formula: tuple[str, ...]
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]
    code: tuple[str, ...]
    example: Callable[[], Sequence[str]]


def method_page_text(page: MethodPage) -> str:
    """Markdown of docs/methods/<slug>.md."""
    return "\n".join(
        [
            f"# {page.title}",
            "",
            page.purpose,
            "",
            "## Formula",
            "",
            "```text",
            *page.formula,
            "```",
            "",
            "## What it takes for granted, and its limits",
            "",
            *(f"- {text}" for text in page.assumptions),
            "",
            "## Example",
            "",
            *page.example(),
            "",
            "## Sources",
            "",
            *(f"- {text}" for text in page.sources),
            "",
            (
                f"Code: {', '.join(f'`measures.stats.{name}`' for name in page.code)}. "
                "Numbers of the example are made up; they are computed by this code whenever "
                "`manage.py write_docs` writes the page."
            ),
            "",
        ]
    )


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a Markdown table; the first column is text, the others are numbers."""
    return [
        "| " + " | ".join(header) + " |",
        "|---|" + "---:|" * (len(header) - 1),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
    ]


def percent(value: Any, decimals: int = 1) -> str:
    """0.638 → "63.8 %"."""
    return f"{100 * float(value):.{decimals}f} %"


def points(value: Any, decimals: int = 1) -> str:
    """-0.0698 → "-7.0"; in percentage points."""
    text = f"{100 * float(value):.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def number(value: Any, decimals: int = 2) -> str:
    return f"{float(value):.{decimals}f}"


def p_value(value: Any) -> str:
    return "below 0.0001" if float(value) < 0.0001 else f"{float(value):.4f}"


def span(interval: Any, how: Callable[[Any], str], at: Any = ()) -> str:
    """Both limits of an interval: "61.0 to 66.6"."""
    low, high = (np.asarray(limit)[at] for limit in interval)
    return f"{how(low)} to {how(high)}"
