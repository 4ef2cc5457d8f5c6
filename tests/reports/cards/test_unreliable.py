"""Nobody eligible, protected, too few and unreliable are four things, in every file and on every page."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from scipy.stats import binomtest

from reports.cards.csv_file import render_csv
from reports.cards.findings import list_findings
from reports.cards.page import build_page
from reports.cards.pdf import render_pdf
from reports.cards.presentation import present_card
from reports.cards.xlsx_file import render_xlsx
from reports.dashboards.downloads import FIGURE_COLUMNS, figure_lines
from reports.queries.cards import get_content
from tests.factories.card_content import COMBINED, make_content, make_figure
from tests.factories.members import LoadedWorld
from tests.factories.people import signed_in
from tests.reports.api.test_results_and_cards import Api

REFERENCE = (260, 400)
WHY = "the exact 95% interval is 30 points wide or more"


def expected(x: int, n: int) -> str:
    """The rule written out once more, with another implementation of the interval."""
    interval = binomtest(x, n).proportion_ci(method="exact")
    width = interval.high - interval.low
    if n < 30:
        return "too_few"
    if width >= 0.3:
        return "wide"
    if x in (0, n):
        return "review_end"
    return "wide_for_its_size" if width > 0.05 and width > 1.3 * x / n else "present"


@pytest.fixture
def content() -> dict[str, Any]:
    """One measure with Black patients unreliable, Hispanic reliable, Asian protected, AIAN too few, NHPI nobody."""
    made = make_content(measures=1, group="Harbor Ridge Health Partners")
    (measure,) = made["measures"]
    counts = {"nh_white": REFERENCE, "nh_black": (12, 36), "hispanic": (60, 100), "nh_asian": (5, 60),
              "nh_aian": (13, 26), "nh_nhpi": (0, 0)}  # fmt: skip
    measure["figures"] = [
        make_figure(
            name, COMBINED[name], x, n, REFERENCE, is_reference=name == "nh_white",
            higher_is_better=measure["higher_is_better"],
        )
        for name, (x, n) in counts.items()
    ]  # fmt: skip
    measure["trend"] = []
    made["findings"] = list_findings(made)
    return made


def shown_as(content: dict[str, Any]) -> dict[str, Any]:
    return present_card(content, state="published", published_on="2026-06-16", sha256="a" * 64)


def test_results_and_cards_carry_the_mark_of_an_independent_rule(
    world: LoadedWorld, make_card: Any, analyst: Any, scope: Any
) -> None:
    found: set[str] = set()
    for name in ("Gale Health", "Elm Health"):
        content = json.loads(json.dumps(get_content(scope, make_card(world.team(name)))))
        trends = [t for m in content["measures"] for t in m["trend"]]
        for part in [*content["measures"], *trends]:
            for figure in [*part["figures"], part.get("total"), part.get("together")]:
                if not figure or figure["denominator"] is None:
                    assert not figure or figure["nchs_rule"] is None
                    continue
                said = expected(figure["numerator"], figure["denominator"])
                assert figure["nchs_rule"] == said
                found.add(said)
        code = world.team(name).code
        for item in Api(analyst).get("results/", team=code)["results"]:
            for figure in [*item["figures"], item["total"]]:
                counts = figure["numerator"], figure["denominator"]
                assert figure["nchs_rule"] == (None if None in counts else expected(*counts))
    assert found >= {"present", "wide"}


def test_table_and_workbook_say_four_different_things(content: dict[str, Any]) -> None:
    rows = {
        row["stratum"]: (row["state"], row["nchs_rule"], row["rate"] != "")
        for row in csv.DictReader(io.StringIO(render_csv(content).decode("utf-8-sig")))
        if row["stratum_set"] == "combined" and row["period"] == content["period"]["label"]
    }
    wanted = {
        "nh_white": ("shown", "present", True),
        "nh_black": ("shown", "wide", True),
        "hispanic": ("shown", "present", True),
        "nh_asian": ("protected", "", False),
        "nh_aian": ("too_few", "", False),
        "nh_nhpi": ("no_denominator", "", False),
    }
    assert rows == wanted
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(content, shown_as(content))))
    head, *lines = book["Figures"].iter_rows(values_only=True)
    at = {name: head.index(name) for name in ("stratum", "state", "nchs_rule", "rate", "period")}
    for line in lines:
        if line[at["stratum"]] in wanted and str(line[at["period"]]) == content["period"]["label"]:
            state, rule, has_rate = wanted[line[at["stratum"]]]
            assert (line[at["state"]], line[at["nchs_rule"]] or "") == (state, rule)
            assert (line[at["rate"]] is not None) == has_rate
    read_me = " ".join(str(c) for row in book["Read me"].iter_rows(values_only=True) for c in row)
    assert "unreliable" in read_me and "1.3 times the rate" in read_me


def test_page_and_document_say_the_mark_in_words(content: dict[str, Any], tmp_path: Path) -> None:
    card = shown_as(content)
    (measure,) = card["measures"]
    words = {part["state"]: part["text"] for part in measure["remainder"]}
    assert words["unreliable"] == f"Black: {WHY}"
    assert words["protected"] == "Asian" and words["too_few"] == "Am. Indian/Alaska N."
    assert words["no_denominator"] == "Nat. Hawaiian/Pacific"
    assert "Black 33% (behind) (unreliable)" in measure["summary"]
    (block,) = build_page(content, card).domains[0]["blocks"]
    rates = {row[0]: row[1] for row in block.rows}
    assert rates["Black, not Hispanic"] == "33% unreliable"
    assert rates["Hispanic of any race"] == "60.0%"
    assert block.chart is not None and "Black †" in block.chart.wide
    assert "Hispanic †" not in block.chart.wide
    path = tmp_path / "card.pdf"
    path.write_bytes(render_pdf(card))
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    text = " ".join(done.stdout.decode().split())
    assert f"† Unreliable: Black: {WHY}" in text
    assert "Black † 36" in text and "Hispanic † " not in text
    assert "30 points wide or more, or wider than 5 points and than 1.3 times the rate" in text
    # The finding is clear, and its rate is not to be read as a number all the same.
    (finding,) = [f for f in content["findings"] if f["kind"] == "largest_gap"]
    assert finding["text"].endswith(
        "the rate of Black patients is unreliable: its interval is too wide."
    )


def test_a_card_of_before_has_neither_marks_nor_their_explanation(content: dict[str, Any]) -> None:
    old = json.loads(json.dumps(content).replace('"nchs_rule"', '"not_known_then"'))
    del old["rules"]["unreliable"]
    card = shown_as({**old, "findings": list_findings(old)})
    page = build_page(old, card)
    said = json.dumps(
        [card["measures"], card["findings"], page.methods, page.how_to_read], ensure_ascii=False
    ).replace('"unreliable": ""', "")
    assert "nreliable" not in said and "†" not in said


def test_the_page_of_a_card_shows_marks(
    world: LoadedWorld, make_card: Any, analyst: Any, scope: Any
) -> None:
    """Of the first group with such a rate, and of the first without one."""
    client, seen = signed_in(analyst), set()
    for name in world.teams:
        card = make_card(world.team(name))
        marked = any(
            f["nchs_rule"] == "wide" and f["kind"] == "specified"
            for m in get_content(scope, card)["measures"]
            for f in m["figures"]
        )
        if marked in seen:
            continue
        seen.add(marked)
        page = client.get(f"/report-cards/{card.pk}/").content.decode()
        assert ("† Unreliable<span" in page) == marked
        assert f"{WHY}<" in page or not marked
    assert seen == {True, False}


def test_tables_of_the_dashboards_carry_the_mark(world: LoadedWorld, scope: Any) -> None:
    from measures import queries

    team = world.team("Gale Health")
    results = queries.list_team_results(
        scope, team=team, source=world.source, periods=[world.period()],
        stratum_set=queries.list_stratum_sets(world.source)[0],
    )  # fmt: skip
    at = {name: FIGURE_COLUMNS.index(name) for name in ("numerator", "denominator", "nchs_rule")}
    for line in figure_lines(results):
        x, n, said = (line[at[name]] for name in at)
        assert said == ("" if n == "" else expected(int(str(x)), int(str(n))))
