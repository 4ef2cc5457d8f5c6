"""The numbers of a card against an independent count in pandas from the member rows."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from measures.models import RealCount
from reports.cards.content import canonical_json, content_sha256, reviewable_sha256
from reports.queries.cards import get_content
from teams.enums import Role
from teams.scoping import scope_of
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import add_role, make_user
from tests.reports.cards.conftest import NOW, TEAMS

Z = 1.959963984540054


def wilson(x: int, n: int) -> tuple[float, float]:
    """Written out once more, with plain floats."""
    p = x / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(x: int, n: int, rx: int, rn: int) -> tuple[float, float]:
    p, r = x / n, rx / rn
    (l1, u1), (l2, u2) = wilson(x, n), wilson(rx, rn)
    low = p - r - math.sqrt((p - l1) ** 2 + (u2 - r) ** 2)
    return low, p - r + math.sqrt((u1 - p) ** 2 + (r - l2) ** 2)


def small(value: int) -> bool:
    return 0 < value < 11


@pytest.fixture
def content(world: LoadedWorld, make_card: Any) -> dict[str, Any]:
    card = make_card(world.team("Dune Health"), "published")
    card.refresh_from_db()
    return card.content


def test_numbers_equal_an_independent_count(world: LoadedWorld, content: dict[str, Any]) -> None:
    rows = world.members[world.members.team == "Dune Health"]
    shown = 0
    for measure in content["measures"]:
        part = rows[rows.measure == measure["code"]]
        counts = part.groupby("combined").numerator.agg(["sum", "size"])
        rx, rn = (int(v) for v in counts.loc["nh_white"])
        for figure in measure["figures"]:
            x, n = (
                (int(v) for v in counts.loc[figure["stratum"]])
                if figure["stratum"] in counts.index
                else (0, 0)
            )
            if n == 0:
                assert figure["state"] in ("no_denominator", "protected")
            elif small(n) or small(x) or small(n - x):
                assert figure["state"] == "protected"
            elif n < 30:
                assert figure["state"] in ("too_few", "protected")
            if figure["state"] != "shown":
                numbers = {
                    key: figure[key]
                    for key in ("denominator", "numerator", "rate", "gap_points", "p_value")
                }
                assert set(numbers.values()) == {None}
                continue
            shown += 1
            assert (figure["numerator"], figure["denominator"]) == (x, n)
            assert figure["rate"] == pytest.approx(x / n, abs=1e-6)
            assert (figure["rate_lower"], figure["rate_upper"]) == pytest.approx(
                wilson(x, n), abs=1e-6
            )
            if figure["gap_state"] != "shown":
                continue
            assert figure["gap_points"] == pytest.approx(100 * (x / n - rx / rn), abs=1e-4)
            low, high = newcombe(x, n, rx, rn)
            limits = (figure["gap_points_lower"], figure["gap_points_upper"])
            assert limits == pytest.approx((100 * low, 100 * high), abs=1e-4)
            behind = n * rx - x * rn if measure["higher_is_better"] else x * rn - n * rx
            assert figure["patients_to_parity"] == max(0, math.ceil(behind / rn))
            if low <= 0 <= high:
                reading = "open"
            else:
                reading = "ahead" if (low > 0) == measure["higher_is_better"] else "behind"
            assert figure["reading"] == reading
    assert shown >= 9
    assert {m["code"] for m in content["measures"]} == {"CBP", "COL-E", "GSD-POOR"}
    assert not next(m for m in content["measures"] if m["code"] == "GSD-POOR")["higher_is_better"]


def test_adjusted_p_values_count_every_comparison_that_is_shown(content: dict[str, Any]) -> None:
    compared = [f for m in content["measures"] for f in m["figures"] if f["gap_state"] == "shown"]
    p = np.array([f["p_value"] for f in compared])
    order = np.argsort(p)
    q = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    expected = np.empty(len(p))
    expected[order] = np.minimum(q, 1)
    assert [f["q_value"] for f in compared] == pytest.approx(expected.tolist(), abs=1e-4)


def test_public_card_adds_up_all_groups(
    world: LoadedWorld, make_card: Any, content: dict[str, Any]
) -> None:
    public = make_card(None, "published").content
    assert public["group"] is None
    for measure in public["measures"]:
        part = world.members[world.members.measure == measure["code"]]
        for figure in measure["figures"]:
            if figure["state"] == "shown":
                stratum = part[part.combined == figure["stratum"]]
                assert figure["denominator"] == len(stratum)
                assert figure["numerator"] == stratum.numerator.sum()
            assert figure["peers"] is None
    # Race and ethnicity by themselves, as HEDIS has them, stand beside the combined groups.
    assert [p["stratum_set"]["code"] for p in public["appendix"]] == ["race", "ethnicity"]
    text = json.dumps(public)
    assert not [name for name in TEAMS if name in text]


def test_peers_are_quartiles_of_what_the_other_cards_show(
    world: LoadedWorld, make_card: Any, scope: Any
) -> None:
    large = make_members(teams=TEAMS, members=4000, seed=6)
    load_members(large, source=world.source, teams=world.teams)
    others = [
        get_content(scope, make_card(team))
        for name, team in world.teams.items()
        if name != "Dune Health"
    ]
    mine = get_content(scope, make_card(world.team("Dune Health")))
    banded = 0
    for index, measure in enumerate(mine["measures"]):
        for figure in measure["figures"]:
            rates = [
                100 * f["rate"]
                for other in others
                for f in other["measures"][index]["figures"]
                if f["stratum"] == figure["stratum"] and f["state"] == "shown"
            ]
            if len(rates) < 5:
                assert figure["peers"] is None or figure["peers"]["rate_percent"] is None
                continue
            banded += 1
            lower, median, upper = figure["peers"]["rate_percent"]
            assert figure["peers"]["count"] == len(rates)
            assert min(rates) - 1 <= lower <= median <= upper <= max(rates) + 1
            assert median == pytest.approx(np.median(rates), abs=1)
    assert banded


def test_trend_holds_earlier_periods_of_the_same_meaning(
    db: None, analyst: Any, make_card: Any, world: LoadedWorld, scope: Any
) -> None:
    earlier = make_members(teams=TEAMS, members=800, seed=9, periods=["2023"])
    load_members(earlier, source=world.source, teams=world.teams)
    content = get_content(scope, make_card(world.team("Amber Health")))
    rows = earlier[(earlier.team == "Amber Health") & (earlier.measure == "CBP")]
    measure = next(m for m in content["measures"] if m["code"] == "CBP")
    (point,) = measure["trend"]
    assert (point["period"], point["comparable"]) == ("2023", True)
    white = next(f for f in point["figures"] if f["stratum"] == "nh_white")
    expected = rows[rows.combined == "nh_white"].numerator
    assert white["state"] == "shown"
    assert (white["denominator"], white["numerator"]) == (len(expected), expected.sum())


def test_completeness_is_rounded_so_that_no_small_count_can_be_read(
    world: LoadedWorld, content: dict[str, Any]
) -> None:
    team = world.team("Dune Health")
    assert RealCount.objects.filter(team=team, member_count__lt=60).exists()
    race = next(row for row in content["completeness"] if row["field"] == "race")
    people = world.members[world.members.team == "Dune Health"].drop_duplicates("member")
    assert race["members_about"] % 10 == 0
    assert race["members_about"] == pytest.approx(len(people), abs=20)
    declined = next(c for c in race["categories"] if c["category"] == "declined")
    assert declined["percent"] == pytest.approx(100 * (people.race == "declined").mean(), abs=1.5)
    assert all(isinstance(c["percent"], int) for c in race["categories"])


def test_content_survives_the_database_and_its_hash_with_it(
    world: LoadedWorld, make_card: Any
) -> None:
    card = make_card(world.team("Birch Health"), "published")
    written = content_sha256(card.content)
    card.refresh_from_db()
    assert content_sha256(card.content) == written == card.content_sha256
    assert json.loads(canonical_json(card.content)) == card.content


def test_reviewable_hash_ignores_versions_of_data_and_nothing_else(
    content: dict[str, Any],
) -> None:
    same = {
        **content,
        "basis": {**content["basis"], "data_version": 99, "computed_on": "2031-01-01"},
    }
    assert reviewable_sha256(same) == reviewable_sha256(content)
    assert content_sha256(same) != content_sha256(content)
    for change in (
        {"commentary": "other"},
        {"basis": {**content["basis"], "method_version": "x"}},
        {"completeness": []},
    ):
        assert reviewable_sha256({**content, **change}) != reviewable_sha256(content)


def test_own_numbers_never_get_into_a_card(world: LoadedWorld, make_card: Any) -> None:
    """Also when somebody who sees a group's small numbers reads the draft, the card holds none of them."""
    both = make_user(Role.PAYER_ANALYST)
    add_role(both, Role.PROGRAMME_DIRECTOR)
    scope = scope_of(both, on=NOW.date())
    team = world.team("Gale Health")
    assert team.pk in scope.own_team_ids
    content = get_content(scope, make_card(team))
    states = {f["state"] for m in content["measures"] for f in m["figures"]}
    assert "protected" in states
    shown = [f for m in content["measures"] for f in m["figures"] if f["state"] == "shown"]
    assert all(
        not small(f["numerator"]) and not small(f["denominator"] - f["numerator"]) for f in shown
    )
