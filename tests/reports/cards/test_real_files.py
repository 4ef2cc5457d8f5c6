"""Files that nobody here made, through the pages: upload, mapping, report card; held against a count in pandas.

Nothing of the product's own computing is used for what is expected: pandas reads and groups the file, and
the formulas stand below as they stand in the papers.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import openpyxl
import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from measures.actions.protection import protect_results
from measures.actions.submissions import process_submission
from measures.enums import SubmissionState
from measures.models import Source, Submission
from measures.queries.protection import list_unprotected_periods
from reports.cards.content import content_sha256
from reports.models import ReportCard
from teams.enums import Role
from tests.factories.people import make_team, make_user, signed_in
from tests.factories.submissions import AS_OF, make_source
from tests.reference.proportions import benjamini_hochberg, fisher_exact, patients_to_parity

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[2] / "data"
REAL = os.environ.get("REAL_DATA_DIR")
Z = NormalDist().inv_cdf(0.975)

# --- what the file says, counted with pandas ---------------------------------------------------------------

SYNTHEA_RACES = {
    "2106-3": "nh_white", "2054-5": "nh_black", "2028-9": "nh_asian", "2076-8": "nh_nhpi", "1002-5": "nh_aian",
}  # fmt: skip
NHANES_GROUPS = {
    "Non-Hispanic White": "nh_white",
    "Non-Hispanic Black": "nh_black",
    "Non-Hispanic Asian": "nh_asian",
    "Hispanic": "hispanic",
    # "Other" does not say that these people are not Hispanic.
    "Other": "unknown",
}


def synthea(path: Path) -> pd.DataFrame:
    """One row a result: team, period, measure, stratum (combined), numerator."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows[(rows["denominator"] == "1") & (rows["exclusion"] == "0")]
    stratum = rows["race"].map(SYNTHEA_RACES)
    stratum = stratum.mask(rows["ethnicity"] == "2135-2", "hispanic")
    return pd.DataFrame(
        {
            "team": rows["group_id"],
            "period": rows["period"],
            "measure": rows["measure_id"],
            "stratum": stratum.mask(rows["ethnicity"] == "", "unknown"),
            "numerator": rows["numerator"].astype(int),
        }
    )


def nhanes(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows[rows["HYPERTENSION"] == "Yes"]
    return pd.DataFrame(
        {
            "team": "G01",
            "period": rows["CYCLE"].str[-4:],
            "measure": "CBP",
            "stratum": rows["RACE/ETHNICITY"].map(NHANES_GROUPS),
            "numerator": (rows["BP UNDER 140/90"] == "Yes").astype(int),
        }
    )


@dataclass(frozen=True)
class RealFile:
    path: Path
    read: Callable[[Path], pd.DataFrame]
    periods: tuple[str, ...]
    lower_is_better: frozenset[str] = frozenset()
    constants: tuple[tuple[str, str], ...] = ()


def files() -> Iterator[Any]:
    yield pytest.param(
        RealFile(DATA / "synthea_members_2024.csv.gz", synthea, ("2024",), frozenset({"GSD-POOR"})),
        id="synthea-2024",
    )
    constants = (("group_id", "G01"), ("measure_id", "CBP"))
    yield pytest.param(
        RealFile(
            DATA / "nhanes_blood_pressure_2015_2020.csv.gz",
            nhanes,
            ("2020", "2016"),
            constants=constants,
        ),
        id="nhanes-2015-2020",
    )
    if REAL:
        whole = Path(REAL)
        years = ("2023", "2024", "2025")
        yield pytest.param(
            RealFile(whole / "synthea_ma_members.csv", synthea, years, frozenset({"GSD-POOR"})),
            id="synthea-whole",
        )
        yield pytest.param(
            RealFile(
                whole / "nhanes_bp_control.csv",
                nhanes,
                ("2020", "2010", "2000"),
                constants=constants,
            ),
            id="nhanes-whole",
        )


def wilson(x: int, n: int) -> tuple[float, float]:
    """Wilson 1927, equation of the score interval without continuity correction."""
    p, square = x / n, Z * Z
    middle = (p + square / (2 * n)) / (1 + square / n)
    half = Z * math.sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
    return middle - half, middle + half


def newcombe(x1: int, n1: int, x2: int, n2: int) -> tuple[float, float]:
    """Newcombe 1998, method 10."""
    (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    return (
        p1 - p2 - math.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2),
        p1 - p2 + math.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2),
    )


def mover(x1: int, n1: int, x2: int, n2: int) -> tuple[float, float]:
    """Donner and Zou 2012, limits of a ratio from the limits of its parts."""
    (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    both = p1 * p2
    lower = (both - math.sqrt(both**2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2))) / (
        u2 * (2 * p2 - u2)
    )
    upper = (both + math.sqrt(both**2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2))) / (
        l2 * (2 * p2 - l2)
    )
    return lower, upper


def p_value(x1: int, n1: int, x2: int, n2: int) -> float:
    """Pooled z, or Fisher's exact test where an expected count is below 5."""
    pooled = (x1 + x2) / (n1 + n2)
    if min(n1, n2) * min(pooled, 1 - pooled) < 5:
        return float(fisher_exact(x1, n1, x2, n2))
    error = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return 2 * (1 - NormalDist().cdf(abs(x1 / n1 - x2 / n2) / error))


# --- through the pages -------------------------------------------------------------------------------------


def send(client: Client, source: Source, file: RealFile) -> Submission:
    """Upload the file as it is; where a mapping is asked for, fill the page in as it suggests."""
    upload = SimpleUploadedFile(file.path.name, file.path.read_bytes())
    client.post(reverse("measures:upload"), {"source": source.pk, "file": upload})
    submission = Submission.objects.get()
    for _ in range(3):
        process_submission(submission_id=submission.pk, as_of=AS_OF)
        submission.refresh_from_db()
        if submission.state != SubmissionState.NEEDS_MAPPING:
            break
        page = client.get(reverse("measures:mapping", args=[submission.pk]))
        form = page.context["form"]
        answers = {f.html_name: f.value() for f in form if f.value() not in (None, False)}
        answers |= {"form": form.form.value, "last_year_of_range": "on"}
        for column, constant in file.constants:
            answers |= {f"column_{column}": "constant", f"constant_{column}": constant}
        sent = client.post(reverse("measures:mapping", args=[submission.pk]), answers)
        assert sent.status_code == 302, sent.context["form"].errors
    # The worker's next task: without it nothing of the period can be published.
    for source_id, period_id in list_unprotected_periods():
        protect_results(source_id=source_id, period_id=period_id, as_of=AS_OF)
    return submission


def publish_card(client: Client, source: Source, team: str, period: str) -> ReportCard:
    drafted = client.post(
        reverse("reports:card_draft"), {"source": source.code, "period": period, "team": team}
    )
    pk = int(drafted["Location"].rstrip("/").rsplit("/", 1)[-1])
    review = reverse("reports:card_review", args=[pk])
    seen = client.get(review).context["seen_sha256"]
    assert client.post(review, {"seen_sha256": seen}).status_code == 302
    assert client.post(reverse("reports:card_publish", args=[pk])).status_code == 302
    card = ReportCard.objects.get(pk=pk)
    assert card.state == "published", card.state
    return card


def csv_rows(client: Client, card: ReportCard) -> list[dict[str, str]]:
    answer = client.get(reverse("reports:card_download", args=[card.pk, "csv"]))
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def xlsx_rows(client: Client, card: ReportCard) -> list[dict[str, Any]]:
    answer = client.get(reverse("reports:card_download", args=[card.pk, "xlsx"]))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["Figures"]
    rows = list(sheet.iter_rows(values_only=True))
    start = next(i for i, row in enumerate(rows) if row[0] == "team_code")
    names = [str(name) for name in rows[start]]
    return [dict(zip(names, row, strict=True)) for row in rows[start + 1 :] if row[0]]


def number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


# --- the comparison ----------------------------------------------------------------------------------------


def check_rows(
    rows: list[dict[str, Any]], expected: pd.DataFrame, team: str, period: str, file: RealFile
) -> int:
    """Hold every row of a card's period against the count. Returns how many gaps were shown."""
    mine = expected[(expected["team"] == team) & (expected["period"] == period)]
    sums = mine.groupby(["measure", "stratum"])["numerator"].agg(["sum", "count"])
    counts = {key: (int(x), int(n)) for key, x, n in sums.itertuples(name=None)}
    shown_gaps: list[tuple[float, float]] = []
    seen = set()
    for row in rows:
        if row["period"] != period or row["stratum_set"] not in {"all", "combined"}:
            continue
        measure, stratum = row["measure"], row["stratum"]
        of_measure = [v for (m, _), v in counts.items() if m == measure]
        if stratum == "all":
            x, n = sum(v[0] for v in of_measure), sum(v[1] for v in of_measure)
        else:
            x, n = counts.get((measure, stratum), (0, 0))
        seen.add((measure, stratum))
        at = f"{team} {period} {measure} {stratum}"
        check_state(row, x, n, at)
        if row["state"] != "shown":
            for name in ("rate", "numerator", "denominator", "gap_points", "ratio", "p_value"):
                assert number(row[name]) is None, at
            continue
        assert (number(row["numerator"]), number(row["denominator"])) == (x, n), at
        lower, upper = wilson(x, n)
        assert number(row["rate"]) == pytest.approx(x / n, abs=1e-6), at
        assert number(row["rate_lower"]) == pytest.approx(lower, abs=1e-6), at
        assert number(row["rate_upper"]) == pytest.approx(upper, abs=1e-6), at
        if row["gap_state"] != "shown":
            assert number(row["gap_points"]) is None, at
            continue
        xr, nr = counts[measure, "nh_white"]
        assert row["reference"] == "nh_white"
        assert number(row["gap_points"]) == pytest.approx(100 * (x / n - xr / nr), abs=1e-4), at
        low, high = newcombe(x, n, xr, nr)
        assert number(row["gap_points_lower"]) == pytest.approx(100 * low, abs=1e-4), at
        assert number(row["gap_points_upper"]) == pytest.approx(100 * high, abs=1e-4), at
        low, high = mover(x, n, xr, nr)
        assert number(row["ratio"]) == pytest.approx((x / n) / (xr / nr), abs=1e-4), at
        assert number(row["ratio_lower"]) == pytest.approx(low, abs=1e-4), at
        assert number(row["ratio_upper"]) == pytest.approx(high, abs=1e-4), at
        p = p_value(x, n, xr, nr)
        assert number(row["p_value"]) == pytest.approx(p, abs=1e-6), at
        parity = patients_to_parity(x, n, xr, nr, measure not in file.lower_is_better)
        assert number(row["patients_to_parity"]) == parity, at
        shown_gaps.append((p, float(row["q_value"])))
    adjusted = benjamini_hochberg([p for p, _ in shown_gaps])
    assert [q for _, q in shown_gaps] == pytest.approx(adjusted, abs=1e-6)
    # Nothing that is in the file is missing from the card.
    assert {key for key in counts if key[1] != "unknown"} <= seen
    return len(shown_gaps)


def check_state(row: dict[str, Any], x: int, n: int, at: str) -> None:
    """Small counts are hidden, too small denominators not reported, and nothing else is without need."""
    small = any(0 < count < 11 for count in (x, n - x, n))
    if n == 0:
        assert row["state"] in {"no_denominator", "protected"}, at
    elif small:
        assert row["state"] == "protected", at
    elif n < 30:
        assert row["state"] in {"too_few", "protected"}, at
    else:
        assert row["state"] in {"shown", "protected"}, at


@pytest.fixture
def source() -> Source:
    for number_ in range(1, 13):
        make_team(code=f"G{number_:02d}")
    return make_source()


@pytest.mark.parametrize("file", list(files()))
def test_report_card_of_a_real_file_is_right(file: RealFile, source: Source) -> None:
    client = signed_in(make_user(Role.PAYER_ANALYST, organisation=source.organisation))
    submission = send(client, source, file)
    assert submission.state == SubmissionState.PUBLISHED, submission.refusal
    assert submission.set_aside_count == 0
    expected = file.read(file.path)
    data = file.path.read_bytes()
    data = gzip.decompress(data) if file.path.suffix == ".gz" else data
    assert submission.row_count == len(data.splitlines()) - 1
    shown = 0
    for period in file.periods:
        teams = expected.loc[expected["period"] == period, "team"]
        for team in teams.value_counts().index[:3]:
            card = publish_card(client, source, team, period)
            assert card.content_sha256 == content_sha256(card.content)
            rows = csv_rows(client, card)
            shown += check_rows(rows, expected, team, period, file)
            check_rows(xlsx_rows(client, card), expected, team, period, file)
            frozen = {
                (m["code"], f["stratum"]): (f["state"], f["rate"], f["gap_points"])
                for m in card.content["measures"]
                for f in m["figures"]
            }
            told = {
                (r["measure"], r["stratum"]): (
                    r["state"],
                    number(r["rate"]),
                    number(r["gap_points"]),
                )
                for r in rows
                if r["period"] == period and r["stratum_set"] == "combined"
            }
            assert told == frozen
    assert shown >= 3, "the card must show some gaps, or nothing was compared"
