"""The outreach list: right members, for the group's own staff alone, every look on the trail."""

from __future__ import annotations

import io
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import polars as pl
import pytest
from django.db import connection
from django.test import Client

from measures.actions.submissions import confirm_replacement, process_submission
from measures.enums import SubmissionState
from measures.member_keys import MemberKeys
from measures.models import Source
from pdsa.actions.outreach import add_members_to_test
from pdsa.enums import CycleState
from pdsa.forms.outreach import OutreachForm
from pdsa.models import Cycle, CycleMember
from pdsa.queries.outreach import PAGE
from teams.enums import Role
from teams.models import AuditEvent, Team, User
from teams.scoping import member_rows_of, scope_of
from tests.factories.cycles import make_cycle
from tests.factories.people import add_role, make_site, make_team, make_token, make_user, signed_in
from tests.factories.submissions import AS_OF, TODAY, csv_bytes, make_source, row, send

pytestmark = pytest.mark.django_db

#: A member id that a spreadsheet would run, if it were let.
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def team() -> Team:
    group = make_team(name="Birch Health", code="G01")
    make_site(code="S1", team=group, name="Alder clinic")
    make_site(code="S2", team=group, name="Yew clinic")
    return group


@pytest.fixture
def lead(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


@pytest.fixture
def client(lead: User) -> Client:
    return signed_in(lead)


@pytest.fixture
def source(team: Team) -> Source:
    return make_source(team=team, code="own")


def members() -> list[dict[str, str]]:
    """Five who have not met CBP, one who has, one who does not count; two who are poorly controlled."""
    known = {"race_source": "ehr", "ethnicity": "not hispanic", "ethnicity_source": "ehr"}
    return [
        row(member_id="MRN-0001", race="white", birth_year="1960", language="es", **known),
        row(member_id="MRN-0002", race="black", site_id="S2", **known),
        row(member_id="MRN-0003", race="black", **known),
        row(member_id=FORMULA, race="asian", site_id="S2", **known),
        row(member_id="MRN-0005", race="white", site_id="elsewhere", **known),
        row(member_id="MRN-MET1", race="black", numerator="1", **known),
        row(member_id="MRN-OUT1", race="black", denominator="0", exclusion="1", **known),
        row(member_id="MRN-POOR", measure_id="GSD-POOR", numerator="1", **known),
        row(member_id="MRN-FINE", measure_id="GSD-POOR", numerator="0", **known),
    ]


def sent(source: Source, rows: list[dict[str, str]]) -> None:
    assert send(source, csv_bytes(rows)).state == SubmissionState.PUBLISHED


def page_of(client: Client, query: str = "") -> str:
    response = client.get(f"/outreach/G01/{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def keys_of(source: Source) -> dict[str, str]:
    """What the page's boxes send, by member."""
    names = [r["member_id"] for r in members()]
    hashes, _ = MemberKeys(source.pk, seal=True).of(pl.Series(names))
    return dict(zip(names, (h.hex() for h in hashes), strict=True))


def test_list_holds_who_has_not_met_the_measure(client: Client, source: Source) -> None:
    sent(source, members())
    page = page_of(client, "?measure=CBP.2024")
    for listed in ("MRN-0001", "MRN-0002", "MRN-0003", "MRN-0005", "HYPERLINK"):
        assert listed in page
    for other in ("MRN-MET1", "MRN-OUT1", "MRN-POOR", "MRN-FINE"):
        assert other not in page
    assert "5 members have not met" in page
    # By site, then as in the file; without a site last.
    order = ["MRN-0001", "MRN-0003", "MRN-0002", "HYPERLINK", "MRN-0005"]
    assert order == sorted(order, key=page.index)
    assert ">64<" in page and "Spanish" in page


def test_of_an_inverse_measure_the_numerator_is_not_met(client: Client, source: Source) -> None:
    sent(source, members())
    page = page_of(client, "?measure=GSD-POOR.2024")
    assert "MRN-POOR" in page
    assert "MRN-FINE" not in page


def test_filters_by_group_of_people_and_site(client: Client, source: Source, team: Team) -> None:
    sent(source, members())
    page = page_of(client, "?measure=CBP.2024&strata=race&group=black")
    assert "MRN-0002" in page and "MRN-0003" in page and "MRN-0001" not in page
    site = team.sites.get(code="S2")
    page = page_of(client, f"?measure=CBP.2024&site={site.pk}&strata=race&group=black")
    assert "MRN-0002" in page and "MRN-0003" not in page
    page = page_of(client, "?measure=CBP.2024&site=0")
    assert "MRN-0005" in page and "MRN-0001" not in page
    # What does not exist falls back instead of failing.
    assert "MRN-0001" in page_of(
        client, "?measure=X&strata=sexual_orientation&group=9&site=7&test=8"
    )


def test_members_of_several_events_stand_once(client: Client, source: Source) -> None:
    rows = [
        row(member_id="EV-1", measure_id="FUH-7", event_id=str(i), numerator=str(i % 2))
        for i in range(4)
    ]
    rows += [row(member_id="EV-2", measure_id="FUH-7", event_id="a", numerator="1")]
    sent(source, rows)
    page = page_of(client, "?measure=FUH-7.2024")
    assert page.count(">EV-1<") == 1
    assert "EV-2" not in page
    assert "1 member has not met" in page


def test_marking_members_of_a_test(client: Client, source: Source, team: Team, lead: User) -> None:
    sent(source, members())
    keys, cycle = keys_of(source), make_cycle(team, by=lead, objective="Call before noon")
    there = "/outreach/G01/tests/add/?measure=CBP.2024"
    made_up = "00" * 16
    response = client.post(
        there, {"test": cycle.pk, "member": [keys["MRN-0001"], keys["MRN-MET1"], made_up, "no key"]}
    )
    assert response.status_code == 302
    assert response["Location"].startswith("/outreach/G01/?measure=CBP.2024")
    with member_rows_of([team.pk]):
        [member] = CycleMember.objects.all()
    assert (bytes(member.member_key).hex(), member.added_by) == (keys["MRN-0001"], lead)
    assert "Call before noon" in page_of(client, "?measure=CBP.2024")
    assert "MRN-0001" not in page_of(client, "?measure=CBP.2024&test=none")
    only = page_of(client, f"?measure=CBP.2024&test={cycle.pk}")
    assert "MRN-0001" in only and "MRN-0002" not in only

    # A later file of the same source knows them again, and who has met the measure since.
    later = members()
    later[0]["numerator"] = "1"
    submission = send(source, csv_bytes(later))
    confirm_replacement(submission=submission, by=lead, as_of=AS_OF)
    process_submission(submission_id=submission.pk, as_of=AS_OF)
    page = page_of(client, "?measure=CBP.2024")
    assert 'data-label="Have met it" class="cell-num">1<' in page

    client.post("/outreach/G01/tests/remove/", {"test": cycle.pk, "member": [keys["MRN-0001"]]})
    with member_rows_of([team.pk]):
        assert not CycleMember.objects.exists()


def test_everybody_found_joins_over_all_pages(
    client: Client, source: Source, team: Team, lead: User
) -> None:
    sent(source, [row(member_id=f"m{i}") for i in range(PAGE + 3)])
    cycle = make_cycle(team, by=lead)
    assert "Page 1 of 2" in page_of(client)
    client.post("/outreach/G01/tests/add/", {"test": cycle.pk, "everyone": "on"})
    with member_rows_of([team.pk]):
        assert CycleMember.objects.count() == PAGE + 3
    assert f"{PAGE + 3}" in page_of(client, f"?test={cycle.pk}&page=2")


def test_closed_tests_take_nobody(client: Client, source: Source, team: Team, lead: User) -> None:
    sent(source, members())
    cycle = make_cycle(team, by=lead, state=CycleState.CLOSED)
    make_cycle(team, by=lead)
    response = client.post(
        "/outreach/G01/tests/add/", {"test": cycle.pk, "everyone": "on"}, follow=True
    )
    assert "Choose a test that is not closed" in response.content.decode()
    with member_rows_of([team.pk]):
        assert not CycleMember.objects.exists()


def test_files_hold_text_and_nothing_that_runs(client: Client, source: Source) -> None:
    sent(source, members())
    text = client.get("/outreach/G01/list.csv?measure=CBP.2024").content.decode()
    assert f"'{FORMULA}" in text
    assert "MRN-MET1" not in text
    response = client.get("/outreach/G01/list.xlsx?measure=CBP.2024")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    assert sheet is not None
    cells = [cell for line in sheet.iter_rows(min_row=2) for cell in line]
    [formula] = [c for c in cells if c.value == FORMULA]
    assert formula.data_type == "s"
    assert sheet.max_row == 6


def test_every_look_is_on_the_trail(client: Client, source: Source, lead: User) -> None:
    sent(source, members())
    before = AuditEvent.objects.count()
    page_of(client, "?measure=CBP.2024&strata=race&group=black")
    client.get("/outreach/G01/list.csv?measure=CBP.2024")
    look, export = AuditEvent.objects.order_by("at")[before:]
    assert (look.act, look.actor, look.team) == ("view_outreach_list", lead, source.team)
    assert look.details == {
        "measure": "CBP", "period": "2024", "group_of_people": "race:black", "page": 1, "members": 2,
    }  # fmt: skip
    assert (export.act, export.details["members"]) == ("export_outreach_list", 5)
    assert "MRN" not in str(look.details) + str(export.details)
    assert "Took a file" in page_of(client)


ADDRESSES = ("/outreach/G01/", "/outreach/G01/list.csv", "/outreach/G01/list.xlsx")


def strangers(team: Team) -> list[User]:
    other = make_team(name="Strange Harbor", code="G02")
    return [
        *(make_user(role, team=team, name=f"Stranger {role}") for role in Role
          if role not in (Role.GROUP_LEAD, Role.GROUP_MEMBER)),
        make_user(Role.GROUP_LEAD, team=other, name="Lead of another group"),
        make_user(Role.GROUP_MEMBER, team=other, name="Member of another group"),
    ]  # fmt: skip


def test_nobody_but_the_own_staff_sees_it(source: Source, team: Team, lead: User) -> None:
    sent(source, members())
    cycle, keys = make_cycle(team, by=lead), keys_of(source)
    for user in strangers(team):
        client = signed_in(user)
        for address in ADDRESSES:
            response = client.get(address)
            assert response.status_code in (403, 404), f"{user}: {address}"
            assert "MRN" not in response.content.decode("latin-1"), f"{user}: {address}"
        for act in ("add", "remove"):
            sent_keys = {"test": cycle.pk, "member": list(keys.values())}
            response = client.post(f"/outreach/G01/tests/{act}/", sent_keys)
            assert response.status_code in (403, 404), f"{user}: {act}"
    with member_rows_of([team.pk]):
        assert not CycleMember.objects.exists()
    assert not AuditEvent.objects.filter(act__contains="outreach").exists()


def test_a_coach_who_is_also_staff_elsewhere_sees_only_the_own_list(
    source: Source, team: Team
) -> None:
    """Holding the permission for one group opens nothing of a group that is coached."""
    sent(source, members())
    other = make_team(name="Strange Harbor", code="G02")
    both = make_user(Role.COACH, team=team)
    add_role(both, Role.GROUP_MEMBER, team=other)
    client = signed_in(both)
    assert client.get("/outreach/G02/").status_code == 200
    for address in ADDRESSES:
        response = client.get(address)
        assert response.status_code == 404
        assert "MRN" not in response.content.decode("latin-1")


def test_the_payers_file_makes_no_list(client: Client, team: Team) -> None:
    sent(make_source(), members())
    page = page_of(client)
    assert "No list yet" in page
    assert "MRN" not in page


def test_tokens_open_no_list(source: Source, team: Team, lead: User) -> None:
    """Not even the lead's own: members leave with a person who is signed in, never with a program."""
    sent(source, members())
    client = Client(headers={"Authorization": f"Token {make_token(lead)}"})
    for address in ADDRESSES:
        response = client.get(address)
        assert response.status_code == 302
        assert "MRN" not in response.content.decode("latin-1")


def test_rows_of_tests_exist_for_their_team_alone(source: Source, team: Team, lead: User) -> None:
    sent(source, members())
    scope = scope_of(lead, on=TODAY)
    choice = OutreachForm({}, scope=scope, team=team).choice  # type: ignore[arg-type]
    assert choice is not None
    added = add_members_to_test(
        cycle=make_cycle(team, by=lead), choice=choice, keys=None, scope=scope, by=lead
    )
    assert added > 0
    assert not CycleMember.objects.exists()
    with member_rows_of([make_team().pk]):
        assert not CycleMember.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select relrowsecurity and relforcerowsecurity from pg_class where relname = %s",
            [CycleMember._meta.db_table],
        )
        assert cursor.fetchone() == (True,)
    stranger = make_user(Role.GROUP_LEAD, team=make_team())
    with pytest.raises(Team.DoesNotExist):
        add_members_to_test(
            cycle=Cycle.objects.get(), choice=choice, keys=None,
            scope=scope_of(stranger, on=TODAY), by=stranger,
        )  # fmt: skip


@pytest.mark.parametrize("size", [1, 12])
def test_questions_do_not_grow_with_the_list(
    size: int,
    client: Client,
    source: Source,
    team: Team,
    lead: User,
    django_assert_num_queries: Any,
) -> None:
    sent(source, [row(member_id=f"m{i}", race="white" if i % 2 else "black") for i in range(size)])
    for _ in range(min(size, 3)):
        cycle = make_cycle(team, by=lead)
        client.post("/outreach/G01/tests/add/", {"test": cycle.pk, "everyone": "on"})
    page_of(client)
    with django_assert_num_queries(40):
        page_of(client)
