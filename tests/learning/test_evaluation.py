"""The evaluator's view: pseudonyms that say nothing, tables without names, released texts, and every door."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from learning.actions.evaluation import draw_pseudonyms, release_text, take_back_text
from learning.actions.sessions import check_in, move_session_on
from learning.evaluation_tables import size_band
from learning.models import MonthlyReport, Pseudonym, ReleasedText, Score
from learning.queries.evaluation import (
    HIDDEN,
    TABLE_NAMES,
    dose_table,
    get_table,
    list_tables,
    outcomes_table,
    participation_table,
    scores_table,
    texts_table,
)
from learning.queries.releases import TEST_TEXTS
from pdsa.enums import CycleState, Decision, Sharing
from pdsa.sharing import SHARED_TEXTS
from teams.actions.autosave import write_fields
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent, Programme, Team, User
from teams.queries import get_programme
from teams.scoping import Scope, scope_of
from tests.factories.cycles import make_cycle
from tests.factories.learning import (
    DAY,
    NOW,
    TODAY,
    make_coach,
    make_held_call,
    make_report,
    make_session,
)
from tests.factories.people import make_site, make_team, make_token, make_user, signed_in
from tests.factories.results import make_results, make_world

pytestmark = pytest.mark.django_db

#: In the month after that of the factories: their June is a whole month by then.
LATER = date(2026, 7, 10)


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical Group", code="HARBORLIGHT")


@pytest.fixture
def scope(evaluator: User) -> Scope:
    get_programme()
    Programme.objects.update(starts_on=date(2026, 3, 1))
    return scope_of(evaluator, on=TODAY)


def row_of(table: Any, team: Team, month: str) -> dict[str, object]:
    code = Pseudonym.objects.get(team=team).code
    found = [dict(zip(table.header, r, strict=True)) for r in table.rows]
    return next(row for row in found if row["team"] == code and row["month"] == month)


# --- pseudonyms ------------------------------------------------------------------------------------------------


def test_pseudonyms_stay_and_new_teams_get_one(evaluator: User) -> None:
    teams = [make_team() for _ in range(5)]
    assert draw_pseudonyms(by=evaluator) == 5
    before = dict(Pseudonym.objects.values_list("team_id", "code"))
    late = make_team()
    assert draw_pseudonyms(by=evaluator) == 1
    assert draw_pseudonyms(by=evaluator) == 0
    after = dict(Pseudonym.objects.values_list("team_id", "code"))
    assert {team.pk: after[team.pk] for team in teams} == before
    assert late.pk in after


def test_pseudonym_follows_neither_id_nor_name_nor_order(evaluator: User) -> None:
    """Drawn twice for the same teams the pseudonyms differ, and so does their order."""
    teams = [make_team(name=f"{letter} Group") for letter in "ABCDEFGHIJ"]
    orders, codes = set(), set()
    for _ in range(3):
        Pseudonym.objects.all().delete()
        draw_pseudonyms(by=evaluator)
        rows = list(Pseudonym.objects.order_by("code"))
        orders.add(tuple(row.team_id for row in rows))
        codes |= {row.code for row in rows}
    assert len(orders) == 3  # one chance in ten million million to be wrong
    assert len(codes) == 30
    assert all(re.fullmatch(r"T-[A-Z0-9]{4}", code) for code in codes)
    assert not any(str(team.pk) == code[2:] for team in teams for code in codes)


def test_event_of_drawing_names_no_team(evaluator: User, team: Team) -> None:
    draw_pseudonyms(by=evaluator)
    event = AuditEvent.objects.get(act="draw_pseudonyms")
    assert (event.team, event.details) == (None, {"count": 1})


# --- tables ----------------------------------------------------------------------------------------------------


def test_persons_from_one_to_ten_are_hidden_and_eleven_are_not(
    scope: Scope, team: Team, evaluator: User
) -> None:
    draw_pseudonyms(by=evaluator)
    other = make_team()
    draw_pseudonyms(by=evaluator)
    session = make_session(make_user(Role.PROGRAMME_DIRECTOR), in_days=0)
    for place in range(11):
        for group in (team, other):
            if group is team or place < 10:
                person = make_user(Role.GROUP_MEMBER, team=group)
                check_in(session=session, person=person, by=person, as_of=NOW)
    move_session_on(session=session, act="hold", by=session.created_by, as_of=NOW + DAY)
    table = participation_table(scope, today=LATER)
    full, small = row_of(table, team, "2026-06"), row_of(table, other, "2026-06")
    assert (full["persons"], full["persons_state"]) == (11, "shown")
    assert (small["persons"], small["persons_state"]) == (None, HIDDEN)
    assert small["sessions_attended"] == 1
    nobody = row_of(table, team, "2026-05")
    assert (nobody["persons"], nobody["persons_state"]) == (0, "shown")


def test_month_that_has_not_ended_is_not_counted(
    scope: Scope, team: Team, lead: User, evaluator: User
) -> None:
    draw_pseudonyms(by=evaluator)
    make_held_call(team, make_coach(team), held_on=TODAY)
    assert {row[1] for row in dose_table(scope, today=TODAY).rows} == {
        "2026-03",
        "2026-04",
        "2026-05",
    }
    assert row_of(dose_table(scope, today=LATER), team, "2026-06")["calls_held"] == 1


def test_dose_counts_tests_by_state_month_by_month(
    scope: Scope, team: Team, lead: User, evaluator: User
) -> None:
    draw_pseudonyms(by=evaluator)
    make_cycle(team, by=lead, state=CycleState.CLOSED, decision=Decision.ABANDON)  # 2 to 9 March
    make_cycle(team, by=lead, state=CycleState.DOING)  # since 2 March
    make_cycle(team, by=lead, state=CycleState.PLANNED)
    table = dose_table(scope, today=LATER)
    march, april = row_of(table, team, "2026-03"), row_of(table, team, "2026-04")
    assert (march["tests_started"], march["tests_closed"], march["closed_abandon"]) == (2, 1, 1)
    assert (march["tests_open"], april["tests_open"], april["tests_started"]) == (1, 1, 0)


def test_scores_come_without_reasons(scope: Scope, team: Team, evaluator: User) -> None:
    draw_pseudonyms(by=evaluator)
    coach = make_coach(team)
    for by_whom, value in (("team", "2.0"), ("team", "2.5"), ("coach", "3.0")):
        Score.objects.create(
            team=team, month=date(2026, 5, 1), by_whom=by_whom, value=value,
            suggested="2.0", reason="Told in confidence", given_by=coach,
        )  # fmt: skip
    table = scores_table(scope, today=LATER)
    assert [row[1:] for row in table.rows] == [("2026-05", 2.5, 3.0)]


def test_outcomes_are_what_strangers_see_with_bands_for_counts(
    scope: Scope, team: Team, evaluator: User
) -> None:
    draw_pseudonyms(by=evaluator)
    world = make_world()
    make_results(
        world,
        team,
        {"nh_white": (412, 552), "nh_black": (66, 100), "hispanic": (7, 40), "nh_asian": (20, 25)},
    )
    make_results(world, None, {"nh_white": (412, 552)})
    table = outcomes_table(scope)
    rows = {row[4]: dict(zip(table.header, row, strict=True)) for row in table.rows}
    black = rows["nh_black"]
    assert black["gap_points"] == round(100 * (66 / 100 - 412 / 552), 1)
    assert black["gap_points_lower"] < black["gap_points"] < black["gap_points_upper"]
    assert black["size"] == "100 to 299"
    for code in ("hispanic", "nh_asian"):
        hidden = rows[code]
        assert [hidden[n] for n in ("gap_points", "gap_points_lower", "size")] == [None] * 3
    assert rows["hispanic"]["gap_state"] == "protected"
    said = str(table.rows)
    for count in ("552", "412", "66,", "100,"):
        assert count not in said


@pytest.mark.parametrize(
    ("count", "band"),
    [(30, "30 to 99"), (99, "30 to 99"), (100, "100 to 299"), (2999, "1,000 to 2,999")],
)
def test_bands_of_size(count: int, band: str) -> None:
    assert size_band(count) == band
    assert size_band(3000) == "3,000 or more"


def test_every_column_is_in_the_dictionary(scope: Scope, team: Team, evaluator: User) -> None:
    draw_pseudonyms(by=evaluator)
    for table in list_tables(scope, today=LATER):
        assert all(column.meaning for column in table.columns), table.name
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert [t.name for t in list_tables(scope, today=LATER)] == list(TABLE_NAMES)


@pytest.mark.parametrize("name", TABLE_NAMES)
@pytest.mark.parametrize("role", [r for r in Role if r != Role.EVALUATOR])
def test_tables_are_for_evaluators_only(role: Role, name: str, team: Team) -> None:
    inside = role in (Role.GROUP_LEAD, Role.GROUP_MEMBER, Role.SENIOR_SPONSOR, Role.COACH)
    reader = scope_of(make_user(role, team=team if inside else None), on=TODAY)
    with pytest.raises(NotAllowed):
        get_table(reader, name, today=TODAY)


def test_tables_take_as_many_queries_with_three_teams_as_with_one(
    scope: Scope, evaluator: User, django_assert_num_queries: Any
) -> None:
    make_team()
    draw_pseudonyms(by=evaluator)
    with django_assert_num_queries(21):
        list_tables(scope, today=LATER)
    for _ in range(2):
        make_team()
    draw_pseudonyms(by=evaluator)
    with django_assert_num_queries(21):
        list_tables(scope, today=LATER)


# --- what leaves -----------------------------------------------------------------------------------------------


def filled(team: Team, lead: User) -> MonthlyReport:
    """A group with everything that could come out: names, places, people, words, and numbers."""
    make_site(team=team, name="Harborlight Dorchester", code="HARBSITE1")
    coach = make_coach(team, name="Marcus Oyelaran")
    make_held_call(team, coach, private="Private words of the coach")
    make_cycle(
        team,
        by=lead,
        state=CycleState.CLOSED,
        objective="Unreleased objective",
        sharing=Sharing.NAMED,
    )
    report = make_report(team, lead)
    words = {"tested_and_learned": "Released lesson", "help_needed": "Unreleased cry for help"}
    write_fields(target=report, team=team, values=words, by=lead, as_of=NOW)
    report.save()
    world = make_world()
    make_results(world, team, {"nh_white": (412, 552), "nh_black": (7, 33), "hispanic": (50, 90)})
    make_results(world, None, {"nh_white": (4120, 5520), "nh_black": (700, 990)})
    Score.objects.create(
        team=team, month=date(2026, 5, 1), by_whom="team", value="2.5", suggested="2.0",
        reason="Unreleased reason", given_by=lead,
    )  # fmt: skip
    return report


SECRETS = (
    "Harborlight", "HARBORLIGHT", "HARBSITE1", "Dorchester", "Denise", "Baptiste", "Oyelaran", "@example.org",
    "Private words", "Unreleased objective", "Unreleased cry", "Unreleased reason",
)  # fmt: skip


def unpacked(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())


def test_no_file_page_or_answer_holds_a_name_or_an_unreleased_word(
    team: Team, lead: User, evaluator: User, scope: Scope
) -> None:
    report = filled(team, lead)
    release_text(target=report, field="tested_and_learned", text="Released lesson", by=lead)
    draw_pseudonyms(by=evaluator)
    client = signed_in(evaluator)
    texts = {
        form: unpacked(client.get(reverse("evaluation:files", args=[form])).content)
        for form in ("xlsx", "zip")
    }
    key = make_token(evaluator)
    for name in TABLE_NAMES:
        texts[f"page {name}"] = client.get(
            reverse("evaluation:table", args=[name]) + "?all=1"
        ).content.decode()
        texts[f"csv {name}"] = client.get(
            reverse("evaluation:table_file", args=[name])
        ).content.decode()
        answer = client.get(
            reverse("api_evaluation_table", args=[name]), headers={"Authorization": f"Token {key}"}
        )
        assert answer.status_code == 200
        texts[f"api {name}"] = answer.content.decode()
    texts["overview"] = client.get(reverse("evaluation:overview")).content.decode()
    for where, text in texts.items():
        for secret in SECRETS:
            assert secret not in text, (where, secret)
    for where in ("xlsx", "zip", "csv texts", "api texts", "page texts"):
        assert "Released lesson" in texts[where]
    code = Pseudonym.objects.get(team=team).code
    assert code not in texts["csv texts"]
    assert code in texts["csv outcomes"]


def test_every_file_is_written_down(evaluator: User, team: Team) -> None:
    client = signed_in(evaluator)
    client.get(reverse("evaluation:files", args=["xlsx"]))
    client.get(reverse("evaluation:table_file", args=["dose"]))
    key = make_token(evaluator)
    client.get(
        reverse("api_evaluation_table", args=["dose"]), headers={"Authorization": f"Token {key}"}
    )
    events = AuditEvent.objects.filter(act="download_evaluation")
    assert sorted((e.object_id, e.details["form"]) for e in events) == [
        ("dose", "api"),
        ("dose", "csv"),
        ("evaluation", "xlsx"),
    ]
    assert {e.actor for e in events} == {evaluator}


def test_table_can_be_narrowed_to_one_team(evaluator: User, scope: Scope) -> None:
    make_team(), make_team()
    draw_pseudonyms(by=evaluator)
    code = Pseudonym.objects.first().code
    key = make_token(evaluator)
    address = reverse("api_evaluation_table", args=["dose"])
    client = signed_in(evaluator)
    send = {"Authorization": f"Token {key}"}
    rows = client.get(f"{address}?team={code}", headers=send).json()["rows"]
    assert {row["team"] for row in rows} == {code}
    assert client.get(f"{address}?team=T-0000", headers=send).status_code == 404
    assert client.get(f"{address}?group=x", headers=send).status_code == 400
    assert client.get(f"{address}?limit=1", headers=send).status_code == 400
    assert (
        client.get(reverse("api_evaluation_table", args=["names"]), headers=send).status_code == 404
    )


@pytest.mark.parametrize(
    "path",
    [
        "/tests/shared/", "/library/", "/teams/HARBORLIGHT/", "/report-cards/", "/projects/", "/people/",
        "/learning/caseload/", "/grants/", "/data/", "/organisations/", "/sites/", "/audit/",
    ],
)  # fmt: skip
def test_evaluator_opens_no_page_that_names_groups(path: str, evaluator: User, team: Team) -> None:
    """The pages where a number or a month beside a name would tell whose pseudonym it is."""
    response = signed_in(evaluator).get(path)
    assert response.status_code in (403, 404)
    assert team.name not in response.content.decode()


def test_overview_and_sessions_name_no_group_to_the_evaluator(
    evaluator: User, team: Team, lead: User
) -> None:
    filled(team, lead)
    session = make_session(make_user(Role.PROGRAMME_DIRECTOR), in_days=0)
    check_in(session=session, person=lead, by=lead, as_of=NOW)
    client = signed_in(evaluator)
    for path in (
        "/", "/programme/", "/learning/", f"/learning/sessions/{session.pk}/", "/learning/home/",
        "/evaluation/home/", "/account/profile/",
    ):  # fmt: skip
        response = client.get(path)
        for secret in ("Harborlight", "Baptiste", "Dorchester"):
            assert secret not in response.content.decode(), path


# --- releasing -------------------------------------------------------------------------------------------------


def test_only_texts_that_could_be_shared_can_be_released() -> None:
    assert set(TEST_TEXTS) <= set(SHARED_TEXTS)


def test_release_keeps_the_words_and_taking_back_removes_them(
    team: Team, lead: User, scope: Scope
) -> None:
    report = make_report(team, lead)
    released = release_text(target=report, field="help_needed", text="An analyst", by=lead)
    again = release_text(target=report, field="help_needed", text="Half an analyst", by=lead)
    assert again.pk == released.pk
    assert texts_table(scope).rows == (
        ("monthly report", "What we need help with", "Half an analyst"),
    )
    event = AuditEvent.objects.filter(act="release_text").last()
    assert event.details == {"field": "help_needed"}
    take_back_text(released=again, by=lead)
    assert texts_table(scope).rows == ()


@pytest.mark.parametrize(
    "text",
    [
        "We at Harborlight began early", "harborlight medical group was late", "Denise Baptiste said so",
        "Ask Dr. Baptiste", "In Dorchester it worked", "HARBORLIGHT did", "At Harborlight Dorchester",
    ],
)  # fmt: skip
def test_release_of_a_text_with_a_name_is_refused(text: str, team: Team, lead: User) -> None:
    make_site(team=team, name="Harborlight Dorchester")
    report = make_report(team, lead)
    with pytest.raises(StateRefused, match="names"):
        release_text(target=report, field="help_needed", text=text, by=lead)
    assert not ReleasedText.objects.exists()


def test_name_that_became_known_after_the_release_is_masked(
    team: Team, lead: User, scope: Scope
) -> None:
    report = make_report(team, lead)
    release_text(
        target=report, field="help_needed", text="Ask Rosa Villareal or 617-555-0114", by=lead
    )
    make_user(Role.GROUP_MEMBER, name="Rosa Villareal")
    ((_, _, text),) = texts_table(scope).rows
    assert text == "Ask [person] or [phone]"


def test_release_form_warns_of_a_patient_and_keeps_what_was_typed(team: Team, lead: User) -> None:
    report = make_report(team, lead)
    write_fields(target=report, team=team, values={"help_needed": "Help"}, by=lead, as_of=NOW)
    report.save()
    address = reverse("evaluation:release_report", args=[report.pk, "help_needed"])
    client = signed_in(lead)
    typed = {"text": "Mrs. Alvarez came on 3/4/1951", "agreed": "on"}
    response = client.post(address, typed)
    assert response.status_code == 422
    assert "looks like" in response.content.decode()
    assert "Alvarez came on" in response.content.decode()
    assert client.post(address, typed | {"details": "mask"}).status_code == 302
    assert ReleasedText.objects.get().text == "Mrs. [name] came on [date of birth]"


def test_release_needs_the_team_s_yes(team: Team, lead: User) -> None:
    report = make_report(team, lead)
    write_fields(target=report, team=team, values={"help_needed": "Help"}, by=lead, as_of=NOW)
    report.save()
    address = reverse("evaluation:release_report", args=[report.pk, "help_needed"])
    assert signed_in(lead).post(address, {"text": "Help"}).status_code == 422
    assert not ReleasedText.objects.exists()


def test_words_of_another_group_cannot_be_released_or_taken_back(team: Team, lead: User) -> None:
    report = make_report(team, lead)
    write_fields(target=report, team=team, values={"help_needed": "Help"}, by=lead, as_of=NOW)
    report.save()
    released = release_text(target=report, field="help_needed", text="Help", by=lead)
    cycle = make_cycle(team, by=lead)
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    for role, expected in (
        (Role.COACH, 403),
        (Role.EVALUATOR, 403),
        (Role.PROGRAMME_DIRECTOR, 403),
    ):
        client = signed_in(make_user(role, team=team if role == Role.COACH else None))
        assert client.get(reverse("evaluation:released")).status_code == expected
    for name, args in (
        ("choose_report_text", [report.pk]),
        ("release_report", [report.pk, "help_needed"]),
        ("choose_test_text", [cycle.pk]),
        ("release_test", [cycle.pk, "objective"]),
    ):
        assert stranger.get(reverse(f"evaluation:{name}", args=args)).status_code == 404
    assert stranger.post(reverse("evaluation:take_back", args=[released.pk])).status_code == 404
    assert "Help" not in stranger.get(reverse("evaluation:released")).content.decode()
    assert ReleasedText.objects.exists()


def test_test_gives_one_text_and_keeps_the_others(team: Team, lead: User, scope: Scope) -> None:
    cycle = make_cycle(team, by=lead, objective="Five calls", learned="Evenings work")
    client = signed_in(lead)
    page = client.get(reverse("evaluation:choose_test_text", args=[cycle.pk])).content.decode()
    assert "Five calls" in page
    address = reverse("evaluation:release_test", args=[cycle.pk, "learned"])
    assert client.post(address, {"text": "Evenings work", "agreed": "on"}).status_code == 302
    assert texts_table(scope).rows == (("test of change", "What we learned", "Evenings work"),)
    unknown = reverse("evaluation:release_test", args=[cycle.pk, "data_who"])
    assert client.get(unknown).status_code == 404


def test_csv_runs_nothing(team: Team, lead: User, evaluator: User) -> None:
    report = make_report(team, lead)
    release_text(target=report, field="help_needed", text="=1+1", by=lead)
    body = signed_in(evaluator).get(reverse("evaluation:table_file", args=["texts"]))
    rows = list(csv.reader(io.StringIO(body.content.decode("utf-8-sig"))))
    assert rows[1][2] == "'=1+1"
