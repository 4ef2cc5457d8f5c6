"""A card's numbers as a workbook: what it is, the figures, completeness, definitions and columns."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from reports.cards.imputed import COLUMNS as IMPUTED_COLUMNS
from reports.cards.imputed import imputed_rows
from reports.cards.tables import COLUMNS, list_rows
from reports.cards.wording import how_to_read, methods, purpose

#: kind of column → (number format, width)
_KINDS = {
    "text": ("@", 16.0),
    "count": ("#,##0", 12.0),
    "rate": ("0.0%", 11.0),
    "points": ("+0.0;\u22120.0;0.0", 11.0),
    "ratio": ("0.000", 10.0),
}
_WIDTHS = {"team": 30.0, "measure_name": 44.0, "stratum_label": 36.0}


def render_xlsx(
    content: Mapping[str, Any], card: Mapping[str, Any], *, made_at: datetime | None = None
) -> bytes:
    """The workbook as bytes. card: the same content as `present_card` gives it, for the texts.

    Numbers are numbers, states are words, an empty cell beside a state means "no number". Text is always
    written as text, so that nothing in it can be run as a formula.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties(
        {
            "title": f"{card['title']}: {card['kicker']} {card['period']}",
            "subject": card["kicker"],
            "author": card["payer"],
            "comments": "All numbers are privacy-protected.",
            # No time zone: the file format knows none.
            "created": (made_at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None),
        }
    )
    styles = _Styles(book)
    _write_read_me(book, styles, card)
    _write_figures(book, styles, content)
    _write_completeness(book, styles, content)
    _write_imputed(book, styles, content)
    _write_definitions(book, styles, content)
    book.close()
    return buffer.getvalue()


class _Styles:
    def __init__(self, book: Any) -> None:
        base = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
        self.head = book.add_format(
            {
                **base,
                "bold": True,
                "text_wrap": True,
                "bottom": 1,
                "bg_color": "#ECEBE7",
                "valign": "bottom",
            }
        )
        self.title = book.add_format({**base, "bold": True, "font_size": 16})
        self.bold = book.add_format({**base, "bold": True, "text_wrap": True})
        self.text = book.add_format({**base, "text_wrap": True})
        self.plain = book.add_format(base)
        self.number = {
            kind: book.add_format({**base, "num_format": form})
            for kind, (form, _) in _KINDS.items()
        }
        self.whole_percent = book.add_format({**base, "num_format": "0%"})


def _write_read_me(book: Any, styles: _Styles, card: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("Read me")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, card["title"], styles.title)
    lines = [
        ("What this is", f"{card['kicker']}, {card['period_text']}. {purpose(card)}"),
        ("State", card["published_text"] + (". DRAFT, not for use." if card["is_draft"] else ".")),
    ]
    if card["notice"]:
        lines.append(("Please note", card["notice"]))
    lines += (
        [(f"From {card['payer']}", "\n".join(card["commentary"]))] if card["commentary"] else []
    )
    lines += [
        ("Sheets", "Figures: one row for each rate and its gap. Completeness: what is known of race, ethnicity and language. Definitions: what each measure counts, and what each column means."),
        ("Empty cells", "A cell is empty where there is no number that may be shown; the column state says why. Empty never means zero."),
        ("Words and numbers", "Four different things: no_denominator (nobody to count), protected (hidden), too_few (not reported), and a rate that is shown but unreliable, which the column nchs_rule says."),
    ]  # fmt: skip
    lines += [
        (item["term"], item["text"])
        for item in [*how_to_read(card), *methods(card)]
        if not item.get("shape")
    ]
    for number, (term, text) in enumerate(lines, start=2):
        sheet.write_string(number, 0, term, styles.bold)
        sheet.write_string(number, 1, text, styles.text)


def _write_figures(book: Any, styles: _Styles, content: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("Figures")
    rows = list_rows(content)
    for number, column in enumerate(COLUMNS):
        sheet.set_column(number, number, _WIDTHS.get(column.name, _KINDS[column.kind][1]))
        sheet.write_string(0, number, column.name, styles.head)
        for line, row in enumerate(rows, start=1):
            value = row[column.name]
            if value is None or value == "":
                continue
            if isinstance(value, str):
                sheet.write_string(line, number, value, styles.plain)
            else:
                sheet.write_number(line, number, value, styles.number[column.kind])
    sheet.set_row(0, 46)
    # Group, period and measure stay in sight while the numbers scroll.
    sheet.freeze_panes(1, 5)
    sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
    _for_print(sheet)


def _write_completeness(book: Any, styles: _Styles, content: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("Completeness")
    heads = ("field", "category", "share", "members_about")
    for number, (head, width) in enumerate(zip(heads, (14, 34, 10, 16), strict=True)):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, head, styles.head)
    line = 1
    for row in content["completeness"]:
        for category in row["categories"]:
            sheet.write_string(line, 0, row["label"], styles.plain)
            sheet.write_string(line, 1, category["label"], styles.plain)
            sheet.write_number(line, 2, category["percent"] / 100, styles.whole_percent)
            sheet.write_number(line, 3, row["members_about"], styles.number["count"])
            line += 1
    sheet.freeze_panes(1, 0)
    _for_print(sheet)


def _write_imputed(book: Any, styles: _Styles, content: Mapping[str, Any]) -> None:
    """Only where something was imputed."""
    rows = imputed_rows(content)
    if not rows:
        return
    sheet = book.add_worksheet("Race where nobody asked")
    for number, head in enumerate(IMPUTED_COLUMNS):
        sheet.set_column(number, number, 36 if head == "group" else 14)
        sheet.write_string(0, number, head, styles.head)
    for line, row in enumerate(rows, start=1):
        for number, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, number, value, styles.plain)
            elif IMPUTED_COLUMNS[number] == "expected_people" and value is not None:
                sheet.write_number(line, number, value, styles.number["count"])
            elif value is not None:
                sheet.write_number(line, number, value, styles.whole_percent)
    sheet.freeze_panes(1, 2)
    _for_print(sheet)


def _write_definitions(book: Any, styles: _Styles, content: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("Definitions")
    heads = ("name", "code", "counts in the numerator", "counts in the denominator", "unit", "direction",
             "steward", "stratified in HEDIS this year", "target", "benchmark", "benchmark source", "source of the definition")  # fmt: skip
    widths = (40, 14, 56, 56, 10, 16, 18, 14, 10, 12, 36, 40)
    for number, (head, width) in enumerate(zip(heads, widths, strict=True)):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, head, styles.head)
    line = 1
    for measure in content["measures"]:
        texts = (
            measure["name"], measure["code"], measure["numerator_meaning"], measure["denominator_meaning"],
            measure["counting_unit"], "higher is better" if measure["higher_is_better"] else "lower is better",
            measure["steward"], "yes" if measure["stratified_in_hedis"] else "no",
        )  # fmt: skip
        for number, text in enumerate(texts):
            sheet.write_string(line, number, text, styles.text)
        for number, key in ((8, "target_rate"), (9, "benchmark_rate")):
            if measure[key] is not None:
                sheet.write_number(line, number, measure[key], styles.number["rate"])
        sheet.write_string(line, 10, measure["benchmark_source"], styles.text)
        sheet.write_string(line, 11, measure["definition_source"], styles.text)
        line += 1
    for column in COLUMNS:
        sheet.write_string(line, 0, f"Column {column.name}", styles.bold)
        sheet.write_string(line, 2, column.meaning, styles.text)
        line += 1
    sheet.freeze_panes(1, 1)
    _for_print(sheet)


def _for_print(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(1)  # US Letter
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
