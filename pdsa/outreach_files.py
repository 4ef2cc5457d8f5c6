"""The outreach list as a file for the group's own work: CSV or XLSX. PURE but for reading model fields."""

from __future__ import annotations

import io
from collections.abc import Iterator

import xlsxwriter  # type: ignore[import-untyped]

from pdsa.queries.outreach import OutreachChoice, OutreachPage
from teams.exports import csv_lines

FORMS = ("csv", "xlsx")
COLUMNS = (
    "member_id", "site", "group_of_people", "preferred_language", "age", "line_of_business", "events_not_met",
    "measure", "period", "tests",
)  # fmt: skip
# Whatever stands in a file stays text: nothing a cell holds is run.
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def outreach_lines(choice: OutreachChoice, page: OutreachPage) -> Iterator[list[object]]:
    """One line per member with the columns of `COLUMNS`."""
    for row in page.rows:
        member = row.member
        yield [
            member.member_id or "",
            member.site.name if member.site else "",
            member.stratum.label,
            member.language.label,
            "" if member.age is None else member.age,
            member.line_of_business.label,
            member.events,
            choice.of.definition.measure.code,
            choice.of.period.label,
            "; ".join(str(cycle) for cycle in row.tests),
        ]


def outreach_file(form: str, choice: OutreachChoice, page: OutreachPage) -> str | bytes:
    """The file's content. form: one of `FORMS`."""
    lines = outreach_lines(choice, page)
    if form == "csv":
        return "".join(csv_lines(COLUMNS, lines))
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        sheet = book.add_worksheet("Outreach")
        heading = book.add_format({"bold": True, "bottom": 1})
        for column, title in enumerate(COLUMNS):
            sheet.write_string(0, column, title, heading)
        for number, line in enumerate(lines, 1):
            for column, value in enumerate(line):
                if isinstance(value, int):
                    sheet.write_number(number, column, value)
                else:
                    sheet.write_string(number, column, str(value))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(COLUMNS) - 1, 22)
    return buffer.getvalue()
