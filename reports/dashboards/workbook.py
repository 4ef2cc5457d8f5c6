"""Results as a workbook: gaps and rates laid out for reading, and every figure in long form below.

The wide sheets have one row per measure and unit and one column per stratum, which is how analysts put
groups beside each other. A number that the reader may not see is a word there, never empty and never 0.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pandas as pd

from measures.queries import SetResult
from reports.dashboards.downloads import FIGURE_COLUMNS, figure_lines

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_UNIT = ["measure", "measure_name", "period", "line_of_business", "team", "site"]


def results_frame(results: Sequence[SetResult]) -> pd.DataFrame:
    """One row per figure with the columns of `FIGURE_COLUMNS`; numbers missing where none may be seen."""
    frame = pd.DataFrame(list(figure_lines(results)), columns=list(FIGURE_COLUMNS))
    return frame.replace({"": None})


def render_workbook(
    results: Sequence[SetResult],
    *,
    notes: Sequence[tuple[str, str]],
    more: Mapping[str, pd.DataFrame] | None = None,
) -> bytes:
    """XLSX with the sheets Read me, Gaps, Rates and Figures, and those of `more` after them.

    notes: label and text of the first sheet: what was chosen, source, as of, versions.
    """
    frame = results_frame(results)
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs={"options": _OPTIONS}) as writer:
        sheets = {
            "Read me": pd.DataFrame(notes, columns=["", "Equity results"]),
            "Gaps": _wide(frame, "gap_points", "gap_state"),
            "Rates": _wide(frame.assign(rate=100 * frame["rate"].astype(float)), "rate", "state"),
            "Figures": frame,
            **(more or {}),
        }
        heading = writer.book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        wrapped = writer.book.add_format({"text_wrap": True, "valign": "top"})
        for name, sheet in sheets.items():
            sheet.to_excel(writer, sheet_name=name, index=False)
            page = writer.sheets[name]
            page.freeze_panes(1, 0)
            for column, title in enumerate(sheet.columns):
                page.write(0, column, title, heading)
                longest = max((len(str(v)) for v in sheet[title].head(200)), default=0)
                page.set_column(column, column, min(max(len(title), longest, 8) + 2, 48))
        writer.sheets["Read me"].set_column(0, 0, 24, wrapped)
        writer.sheets["Read me"].set_column(1, 1, 90, wrapped)
    return buffer.getvalue()


def _wide(frame: pd.DataFrame, value: str, state: str) -> pd.DataFrame:
    """Units in rows, strata in columns in their own order; the number, or the word for why there is none."""
    cells = frame[value].astype(float).round(1).astype(object)
    cells = cells.where(frame[value].notna(), frame[state])
    wide = (
        frame.assign(**{column: frame[column].fillna("") for column in _UNIT}, cell=cells)
        .set_index([*_UNIT, "stratum_label"])["cell"]
        .unstack("stratum_label", sort=False)
    )
    labels = {
        "measure": "Measure", "measure_name": "Name", "period": "Period",
        "line_of_business": "Line of business", "team": "Group", "site": "Site",
    }  # fmt: skip
    wide = wide.reset_index().rename(columns=labels)
    wide["Group"] = wide["Group"].replace({"": "All groups"})
    return wide.drop(columns=[name for name in ("Site",) if (wide[name] == "").all()])
