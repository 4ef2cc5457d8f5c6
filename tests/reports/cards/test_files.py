"""The document, the workbook and the table say what the content says."""

from __future__ import annotations

import csv
import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings

from reports.cards.content import canonical_json
from reports.cards.csv_file import render_csv
from reports.cards.files import file_name
from reports.cards.pdf import render_pdf
from reports.cards.presentation import present_card
from reports.cards.tables import COLUMNS, list_rows
from reports.cards.xlsx_file import render_xlsx
from reports.enums import DownloadFormat
from teams.formats import format_count, format_percent, format_points
from tests.factories.card_content import make_content

MADE_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HASH = "a3f5" * 16
#: Markup of the template language, of HTML and of spreadsheets, where people write freely.
NASTY = '=HYPERLINK("x") #panic() $x$ *b* <script>alert(1)</script> \\ & `raw` @ref [content]'


def presented(content: dict[str, Any], **options: Any) -> dict[str, Any]:
    values = {"state": "published", "published_on": "2026-11-21", "sha256": HASH} | options
    return present_card(content, **values)


def text_of(pdf: bytes, tmp_path: Path, *options: str) -> str:
    path = tmp_path / "card.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", *options, str(path), "-"], capture_output=True, check=True, text=True
    )
    return done.stdout


def info_of(pdf: bytes, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "card.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True, text=True)
    return dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)


def test_pdf_is_tagged_titled_and_of_the_right_size(tmp_path: Path) -> None:
    pdf = render_pdf(presented(make_content()), made_at=MADE_AT)
    info = info_of(pdf, tmp_path)
    assert info["Tagged"].strip() == "yes"
    assert info["Title"].strip() == "Harbor Ridge Health Partners · Health equity report card 2024"
    assert info["Author"].strip() == "Commonwealth Mutual Health Plan"
    assert "letter" in info["Page size"]
    assert 2 <= int(info["Pages"]) <= 4
    assert b"pdfuaid" in pdf
    assert b"/Lang (en-US)" in pdf or b"/Lang(en-US)" in pdf


def test_pdf_has_every_number_of_the_headline_set(tmp_path: Path) -> None:
    content = make_content(commentary="First words.\nSecond words.")
    text = text_of(render_pdf(presented(content), made_at=MADE_AT), tmp_path, "-layout")
    for measure in content["measures"]:
        for figure in measure["figures"]:
            if figure["kind"] != "specified" or figure["state"] != "shown":
                continue
            line = next(
                line
                for line in text.splitlines()
                if figure["short_label"] in line
                and format_count(figure["denominator"]) in line.split()
                and format_percent(figure["rate"], figure["decimals"]) in line
            )
            if figure["gap_state"] == "shown":
                assert f"{format_count(figure['patients_to_parity'])} " in f"{line} "
    for finding in content["findings"]:
        assert finding["title"] in text
    for words in ("First words.", "Second words.", "Data as of November 2, 2026", HASH, HASH[:16]):
        assert words in text
    assert format_points(-1.0) == "\u22121.0"


@pytest.mark.parametrize(
    "options",
    [
        {"group": "A " + "very long name of a cooperative of practices " * 4},
        {"scale": 0.02},
        {"empty": True},
        {"group": None, "scale": 4},
        {"measures": 1},
        {"measures": 0},
        {"year": 2026},
        {"commentary": "w" * 700},
    ],
    ids=["long name", "nearly all hidden", "nobody", "statewide", "one", "none", "other year", "one word"],
)  # fmt: skip
def test_pdf_of_unusual_cards(options: dict[str, Any], tmp_path: Path) -> None:
    content = make_content(**options)
    info = info_of(render_pdf(presented(content), made_at=MADE_AT), tmp_path)
    assert 1 <= int(info["Pages"]) <= 5


def test_pdf_of_a_draft_says_so_on_it(tmp_path: Path) -> None:
    card = presented(make_content(measures=2), state="draft", published_on=None, sha256="")
    text = text_of(render_pdf(card, made_at=MADE_AT), tmp_path)
    assert "draft, not for use" in text
    assert "Not published" in text


def test_pdf_shows_the_notice_of_a_restatement(tmp_path: Path) -> None:
    card = presented(make_content(measures=2), notice="The data behind this card were corrected.")
    text = text_of(render_pdf(card, made_at=MADE_AT), tmp_path)
    assert "Please note. The data behind this card were corrected." in " ".join(text.split())


def test_pdf_takes_words_as_words(tmp_path: Path) -> None:
    content = make_content(group=f"Group {NASTY}", commentary=NASTY, measures=2)
    text = " ".join(text_of(render_pdf(presented(content), made_at=MADE_AT), tmp_path).split())
    assert NASTY in text
    assert f"Group {NASTY}"[:40] in text


def test_pdf_is_the_same_each_time() -> None:
    card = presented(make_content(measures=3))
    assert render_pdf(card, made_at=MADE_AT) == render_pdf(card, made_at=MADE_AT)


def test_pdf_holds_no_hidden_number(tmp_path: Path) -> None:
    """Nothing that is not on the page travels inside the file either."""
    content = make_content(scale=0.02, measures=2)
    hidden = [f for m in content["measures"] for f in m["figures"] if f["state"] == "protected"]
    assert hidden
    text = text_of(render_pdf(presented(content), made_at=MADE_AT), tmp_path)
    assert "Protected" in text
    assert b"card" not in render_pdf(presented(content), made_at=MADE_AT).split(b"stream")[0]


def workbook(content: dict[str, Any], **options: Any) -> Any:
    data = render_xlsx(content, presented(content, **options), made_at=MADE_AT)
    return openpyxl.load_workbook(io.BytesIO(data))


def test_xlsx_figures_equal_the_content() -> None:
    content = make_content()
    sheet = workbook(content)["Figures"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == tuple(column.name for column in COLUMNS)
    expected = list_rows(content)
    assert len(rows) == len(expected) + 1
    for line, row in zip(rows[1:], expected, strict=True):
        for value, column in zip(line, COLUMNS, strict=True):
            wanted = row[column.name]
            assert value == (None if wanted in (None, "") else wanted), column.name
            if wanted not in (None, "") and column.kind != "text":
                assert isinstance(value, int | float)


def test_xlsx_sheets_are_laid_out_for_readers() -> None:
    book = workbook(make_content())
    assert book.sheetnames == ["Read me", "Figures", "Completeness", "Definitions"]
    figures = book["Figures"]
    assert figures.freeze_panes == "F2"
    assert figures.auto_filter.ref
    assert figures["M2"].number_format == "0.0%"
    assert figures["K2"].number_format == "#,##0"
    assert figures.column_dimensions["E"].width > 30
    assert book.properties.title == "Harbor Ridge Health Partners: Health equity report card 2024"
    columns = {row[0].value for row in book["Definitions"].iter_rows()}
    assert {f"Column {column.name}" for column in COLUMNS} <= columns


def test_xlsx_words_are_never_formulas() -> None:
    content = make_content(group="=1+1", commentary=NASTY, measures=2)
    content["measures"][0]["name"] = '=HYPERLINK("http://example.org")'
    book = workbook(content)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.coordinate
                assert cell.hyperlink is None
    assert book["Figures"]["B2"].value == "=1+1"


def test_csv_equals_the_content() -> None:
    content = make_content()
    data = render_csv(content)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    expected = list_rows(content)
    assert len(rows) == len(expected)
    for line, row in zip(rows, expected, strict=True):
        for column in COLUMNS:
            wanted = row[column.name]
            text = line[column.name]
            if wanted is None:
                assert text == ""
            elif column.kind == "text":
                assert text == wanted
            else:
                assert float(text) == wanted


def test_csv_words_are_never_formulas() -> None:
    content = make_content(group='=cmd|"/c calc"', measures=2)
    rows = list(csv.DictReader(io.StringIO(render_csv(content).decode("utf-8-sig"))))
    assert {row["team"] for row in rows} == {'\'=cmd|"/c calc"'}
    assert {row["gap_points"][:1] for row in rows} >= {"-"}  # numbers stay numbers


def test_states_are_words_and_hidden_rows_hold_no_number() -> None:
    rows = list_rows(make_content(scale=0.15))
    assert {row["state"] for row in rows} == {"shown", "protected", "too_few", "no_denominator"}
    numbers = [c.name for c in COLUMNS if c.kind != "text"]
    for row in rows:
        if row["state"] != "shown":
            assert [row[key] for key in numbers if row[key] is not None] == []


def test_content_is_strict_json() -> None:
    text = canonical_json(make_content(scale=0.02)).decode()
    assert "NaN" not in text and "Infinity" not in text


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("Harbor Ridge", "equity-report-card-harbor-ridge-2024.pdf"),
        ("Médecins/..\\ & Søns", "equity-report-card-medecins-sns-2024.pdf"),
        ("日本", "equity-report-card-group-2024.pdf"),
        (None, "equity-report-card-all-groups-2024.pdf"),
    ],
)
def test_file_name_is_plain(group: str | None, name: str) -> None:
    content = {"group": {"name": group} if group else None, "period": {"label": "2024"}}
    assert file_name(content, DownloadFormat.PDF, draft=False) == name
    assert file_name(content, DownloadFormat.CSV, draft=True).endswith("-2024-draft.csv")


def test_columns_are_described() -> None:
    described = (settings.BASE_DIR / "docs" / "export-columns.md").read_text(encoding="utf-8")
    assert [c.name for c in COLUMNS if f"`{c.name}`" not in described] == []
