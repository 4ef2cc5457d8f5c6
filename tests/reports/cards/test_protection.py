"""Attacks on everything that is published together, and the gate in front of it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.optimize import linprog

from measures.actions.protection import protect_results
from measures.models import StratumResult
from measures.stats.states import CellState
from reports.actions import report_cards as actions
from reports.cards.csv_file import render_csv
from reports.models import ProtectionCheck, ReportCard
from teams.enums import Role
from teams.errors import StateRefused
from tests.factories.members import LoadedWorld, load_members, make_members
from tests.factories.people import make_token, make_user
from tests.reports.cards.conftest import NOW, TEAMS, load_seven_groups

PROGRAMME = "programme"
COMBINED = [
    "nh_white", "nh_black", "hispanic", "nh_asian", "nh_aian", "nh_nhpi", "nh_other", "nh_multiple",
    "declined", "unknown",
]  # fmt: skip
RACE = ["white", "black", "asian", "aian", "nhpi", "other", "multiple", "declined", "unknown"]
ETHNICITY = ["hispanic", "not_hispanic", "declined", "unknown"]
SETS = {"combined": COMBINED, "race": RACE, "ethnicity": ETHNICITY}


@pytest.fixture
def world(db: None) -> LoadedWorld:
    """The seven groups, and no check was made yet."""
    return load_seven_groups()


class Published:
    """Every number that left the system: (measure, unit, set, stratum) → (numerator, denominator)."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    def add(
        self, measure: str, unit: str, set_code: str, stratum: str, figure: dict[str, Any]
    ) -> None:
        if figure["denominator"] is not None:
            counts = (figure["numerator"], figure["denominator"])
        elif figure["rate"] is not None:
            raise AssertionError("A rate without its counts.")
        elif figure["state"] == "no_denominator":
            counts = (0, 0)
        else:
            return
        key = (measure, unit, set_code, stratum)
        assert self.known.setdefault(key, counts) == counts, "Two publications differ."

    def add_card(self, card: ReportCard) -> None:
        unit = card.team.name if card.team else PROGRAMME
        for measure in card.content["measures"]:
            if measure["total"]:
                self.add(measure["code"], unit, "all", "all", measure["total"])
            for figure in measure["figures"]:
                self.add(measure["code"], unit, "combined", figure["stratum"], figure)
        for part in card.content["appendix"]:
            for measure in part["measures"]:
                for figure in measure["figures"]:
                    code = part["stratum_set"]["code"]
                    self.add(measure["code"], unit, code, figure["stratum"], figure)

    def add_csv(self, card: ReportCard) -> None:
        unit = card.team.name if card.team else PROGRAMME
        for row in csv.DictReader(io.StringIO(render_csv(card.content).decode("utf-8-sig"))):
            figure = {
                "denominator": int(row["denominator"]) if row["denominator"] else None,
                "numerator": int(row["numerator"]) if row["numerator"] else None,
                "rate": row["rate"] or None,
                "state": row["state"],
            }
            self.add(row["measure"], unit, row["stratum_set"], row["stratum"], figure)

    def add_api(self, answer: dict[str, Any], names: dict[str, str]) -> None:
        for item in answer["results"]:
            unit = names[item["team"]] if item["team"] else PROGRAMME
            if item["total"]:
                self.add(item["measure"], unit, "all", "all", item["total"])
            for figure in item["figures"]:
                self.add(item["measure"], unit, item["stratum_set"], figure["stratum"], figure)


def reachable(
    published: Published, measure: str, teams: list[str], target: tuple[str, str, str], what: str
) -> tuple[float, float]:
    """Least and largest value that a hidden count can have in any table that fits what is published.

    what: n, x or y (misses). Variables are x and y of every unit and stratum; everything that adds up in
    truth adds up here: strata to everyone, teams to the programme, a race from its two ethnicities.
    """
    index: dict[tuple[str, str, str, str], int] = {}

    def variable(kind: str, unit: str, set_code: str, stratum: str) -> int:
        return index.setdefault((kind, unit, set_code, stratum), len(index))

    rows: list[dict[int, float]] = []
    values: list[float] = []

    def equation(terms: list[tuple[float, int]], value: float = 0.0) -> None:
        row: dict[int, float] = defaultdict(float)
        for weight, number in terms:
            row[number] += weight
        rows.append(row)
        values.append(value)

    for kind in ("x", "y"):
        for unit in [*teams, PROGRAMME]:
            whole = variable(kind, unit, "all", "all")
            for set_code, strata in SETS.items():
                parts = [variable(kind, unit, set_code, s) for s in strata]
                equation([(1, whole), *((-1, part) for part in parts)])
            same = variable(kind, unit, "ethnicity", "hispanic")
            equation([(1, same), (-1, variable(kind, unit, "combined", "hispanic"))])
            for race in RACE[:7]:
                rest = variable(kind, unit, "rest", race)
                equation(
                    [
                        (1, variable(kind, unit, "race", race)),
                        (-1, variable(kind, unit, "combined", f"nh_{race}")),
                        (-1, rest),
                    ]
                )
        for set_code, strata in {**SETS, "all": ["all"]}.items():
            for stratum in strata:
                equation(
                    [
                        (1, variable(kind, PROGRAMME, set_code, stratum)),
                        *((-1, variable(kind, team, set_code, stratum)) for team in teams),
                    ]
                )
    for (code, unit, set_code, stratum), (x, n) in published.known.items():
        if code == measure and (set_code in SETS or set_code == "all"):
            equation([(1, variable("x", unit, set_code, stratum))], x)
            equation([(1, variable("y", unit, set_code, stratum))], n - x)
    matrix = np.zeros((len(rows), len(index)))
    for number, row in enumerate(rows):
        for column, weight in row.items():
            matrix[number, column] = weight
    objective = np.zeros(len(index))
    for kind in ("x", "y") if what == "n" else (what,):
        objective[index[kind, *target]] = 1.0
    found = []
    for sign in (1.0, -1.0):
        result = linprog(sign * objective, A_eq=matrix, b_eq=values, bounds=(0, None))
        found.append(np.inf if result.status == 3 else sign * result.fun)
        assert result.status in (0, 3), result.message
    return found[0], found[1]


def truth(world: LoadedWorld, measure: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    rows = world.members[world.members.measure == measure]
    counts: dict[tuple[str, str, str], tuple[int, int]] = {}
    for unit in [*world.teams, PROGRAMME]:
        part = rows if unit == PROGRAMME else rows[rows.team == unit]
        for set_code in SETS:
            for stratum, group in part.groupby(set_code):
                counts[unit, set_code, str(stratum)] = (int(group.numerator.sum()), len(group))
    return counts


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_no_hidden_small_count_can_be_worked_out_of_all_publications_together(
    seed: int, db: None, client: Any
) -> None:
    teams = list(TEAMS[:5])
    sizes = [int(s) for s in np.random.default_rng(seed).integers(60, 1200, len(teams))]
    world = load_members(make_members(teams=teams, members=sizes, seed=seed, measures=["CBP"]))
    analyst = make_user(Role.PAYER_ANALYST)
    publish_everything(world, analyst)
    published = Published()
    for card in ReportCard.objects.select_related("team"):
        published.add_card(card)
        published.add_csv(card)
    head = {"authorization": f"Token {make_token(analyst)}"}
    names = {team.code: name for name, team in world.teams.items()}
    for query in (
        "unit=team",
        "unit=programme",
        "unit=programme&stratum_set=race",
        "unit=programme&stratum_set=ethnicity",
    ):
        answer = client.get(f"/api/v1/results/?{query}", headers=head)
        assert answer.status_code == 200, answer.content
        published.add_api(answer.json(), names)

    attacked = 0
    for (unit, set_code, stratum), (x, n) in truth(world, "CBP").items():
        known = ("CBP", unit, set_code, stratum) in published.known
        for what, value in (("n", n), ("x", x), ("y", n - x)):
            if not 0 < value < 11:
                continue
            assert not known, f"{unit} {stratum} shows a count of {value}"
            attacked += 1
            low, high = reachable(published, "CBP", teams, (unit, set_code, stratum), what)
            sure = low > 0.5 and high < 10.5
            assert not sure, f"{unit} {set_code} {stratum} {what} lies between {low} and {high}"
            assert high - low > 1, f"{unit} {set_code} {stratum} {what} is {low}"
    assert attacked > 20
    assert len(published.known) > 15


def publish_everything(world: LoadedWorld, analyst: Any) -> None:
    from reports.cards.content import reviewable_sha256
    from reports.queries.cards import get_content
    from teams.scoping import scope_of

    # As the worker does after each upload.
    protect_results(source_id=world.source.pk, period_id=world.period().pk, as_of=NOW)
    scope = scope_of(analyst, on=NOW.date())
    cards = actions.draft_report_cards(
        teams=[None, *world.teams.values()], source=world.source, period=world.period(), by=analyst
    )
    for card in cards:
        seen = reviewable_sha256(get_content(scope, card))
        card = actions.review_report_card(
            card=card, seen_sha256=seen, scope=scope, as_of=NOW, by=analyst
        )
        actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)


def test_the_attack_finds_what_is_left_open(db: None) -> None:
    """The attack itself is tested: one hidden stratum beside shown ones is found to the unit."""
    published = Published()
    counts = dict.fromkeys(COMBINED, (0, 0)) | {"nh_white": (300, 400), "nh_black": (3, 7)}
    for stratum, (x, n) in counts.items():
        if stratum != "nh_black":
            figure = {"denominator": n, "numerator": x, "rate": None, "state": "shown"}
            published.add("CBP", "A", "combined", stratum, figure)
    published.add("CBP", "A", "all", "all", {"denominator": 407, "numerator": 303})
    assert reachable(published, "CBP", ["A"], ("A", "combined", "nh_black"), "x") == (3, 3)
    assert reachable(published, "CBP", ["A"], ("A", "combined", "nh_black"), "n") == (7, 7)


def test_publish_refused_with_the_name_of_a_cell_that_leaks(
    world: LoadedWorld, make_card: Any, scope: Any, analyst: Any
) -> None:
    """A complement is opened by hand: what it protected can now be subtracted."""
    team = world.team("Cedar Health")
    card_rows = StratumResult.objects.filter(team=team, measure__code="CBP")
    card_rows.filter(state__gt=CellState.NO_DENOMINATOR, stratum__stratum_set__code="all").update(
        state=CellState.SHOWN
    )
    hidden = card_rows.filter(stratum__stratum_set__code="combined").filter(
        state=CellState.PRIVACY_PRIMARY
    )
    kept = hidden.order_by("denominator").first()
    assert kept is not None
    card_rows.filter(stratum__stratum_set__code="combined").exclude(pk=kept.pk).exclude(
        state=CellState.NO_DENOMINATOR
    ).update(state=CellState.SHOWN)
    card = make_card(team, "reviewed")
    with pytest.raises(StateRefused) as refusal:
        actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=analyst)
    sentence = str(refusal.value)
    assert sentence.startswith("Not published: in 2024 CBP, the hidden number of ")
    assert "Cedar Health could be worked out from Everyone of Cedar Health; " in sentence
    found, everything = read_audit(leaks=True), read_audit(leaks=False)
    assert found == [f for f in everything if f["leaks"] == "yes"]
    assert {f["leaks"] for f in everything} == {"yes", "no"}
    own = [f for f in found if f["unit"] == "Cedar Health" and f["reader"] == "anybody"]
    exact = next(f for f in own if f["count_of"] == "denominator")
    assert int(exact["lowest"]) == int(exact["highest"]) == kept.denominator
    card.refresh_from_db()
    assert card.content is None


def read_audit(*, leaks: bool) -> list[dict[str, str]]:
    lines = io.StringIO()
    with pytest.raises(CommandError, match="^Surely 1 to 10: "):
        call_command("audit_disclosure", "2024", measure=["CBP"], leaks=leaks, stdout=lines)
    return list(csv.DictReader(io.StringIO(lines.getvalue())))


def test_check_is_made_once_for_a_state_of_the_data(world: LoadedWorld, make_card: Any) -> None:
    make_card(world.team("Amber Health"), "published")
    (first,) = ProtectionCheck.objects.all()
    make_card(world.team("Birch Health"), "published")
    assert list(ProtectionCheck.objects.all()) == [first]
    rows = world.members[(world.members.team == "Amber Health")].copy()
    load_members(rows, source=world.source, teams=world.teams)
    make_card(world.team("Birch Health"), "published")
    assert ProtectionCheck.objects.count() == 2
