"""A sheet of awards that was kept before: what it would make, why not, and that it makes it once."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from grants.actions.awards import submit_award
from grants.actions.sheets import discard_sheet, import_sheet, map_sheet, receive_sheet
from grants.award_sheets.columns import header_hash, suggest_columns
from grants.models import Award, AwardSheet, SheetMapping
from grants.queries.checks import list_chain_problems
from grants.queries.sheets import try_import
from grants.terms import newest_budget
from teams.enums import Role
from teams.errors import FileRefused, NotAllowed, StateRefused
from teams.models import AuditEvent
from tests.factories.grants import NOW, Grants
from tests.factories.people import make_user, signed_in

pytestmark = pytest.mark.django_db

HEADERS = (
    "Grant #,Grantee,Project,Type,Start,End,Total,Installment,Payment date,Category,Milestone,Paid"
)


def sheet_text(team: str, *rows: str) -> bytes:
    made = rows or (
        f'A-1,{team},Home cuffs,Pilot,1/1/2026,12/31/2026,"$100,000.00",60000,2/1/2026,Personnel,,2/3/2026',
        "A-1,,,,,,,40000,7/1/2026,Patient support,Data plan,",
        f"A-2,{team},Data fields,infrastructure,2026-01-01,2026-12-31,,25000,2026-03-01,,,",
    )
    return "\n".join(["Grants as of May", HEADERS, *made]).encode()


def receive(world: Grants, data: bytes, name: str = "grants.csv") -> AwardSheet:
    return receive_sheet(
        fund=world.fund, file=io.BytesIO(data), name=name, by=world.director, as_of=NOW
    )


def test_dry_run_shows_what_would_be_made_and_makes_nothing(world: Grants) -> None:
    sheet = receive(world, sheet_text(world.team.name))
    trial = try_import(sheet)
    assert trial.problems == [] and trial.errors == [] and trial.can_import
    assert [(a.number, a.terms.amount, a.lines) for a in trial.new] == [
        ("A-1", Decimal(100000), (3, 4)),
        ("A-2", Decimal(25000), (5,)),
    ]
    assert [f.line for f in trial.notes] == [3] and "three people decide" in trial.notes[0].text
    assert trial.left_after == Decimal(875000)
    assert Award.objects.count() == 0


def test_import_drafts_whole_awards_that_go_on_like_any_other(world: Grants) -> None:
    made = import_sheet(
        sheet=receive(world, sheet_text(world.team.code)), by=world.director, as_of=NOW
    )
    award = made[0]
    budget = newest_budget(award)
    assert budget is not None
    assert [(n.category.code, n.amount) for n in budget.lines.order_by("line_code")] == [
        ("personnel", Decimal(60000)),
        ("patient_support", Decimal(40000)),
    ]
    first, second = award.tranches.order_by("number")
    assert (first.planned_on, first.state) == (date(2026, 2, 1), "scheduled")  # never as paid
    assert second.conditions.get().title == "Data plan"
    assert list_chain_problems(award) == []
    submit_award(award=award, by=world.director, as_of=NOW)
    assert AuditEvent.objects.get(act="import_award_sheet").details["awards"] == ["A-1", "A-2"]


def test_second_import_makes_nothing_twice(world: Grants) -> None:
    data = sheet_text(world.team.name)
    sheet = receive(world, data)
    import_sheet(sheet=sheet, by=world.director, as_of=NOW)
    assert receive(world, data) == sheet  # the same file is the same sheet
    with pytest.raises(StateRefused, match="imported on 2 Mar 2026 already"):
        import_sheet(sheet=sheet, by=world.director, as_of=NOW)
    more = receive(
        world,
        data + f"\nA-3,{world.team.name},New,pilot,2026-01-01,2026-12-31,,5,2026-03-01,,,".encode(),
    )
    trial = try_import(more)
    assert [a.number for a in trial.there] == ["A-1", "A-2"]
    assert [a.number for a in trial.new] == ["A-3"]
    import_sheet(sheet=more, by=world.director, as_of=NOW)
    assert Award.objects.count() == 3
    again = receive(world, data + b"\n\n")
    with pytest.raises(StateRefused, match="there already"):
        import_sheet(sheet=again, by=world.director, as_of=NOW)


def test_award_that_says_something_else_is_not_overwritten(world: Grants) -> None:
    data = sheet_text(world.team.name)
    import_sheet(sheet=receive(world, data), by=world.director, as_of=NOW)
    other = receive(world, data.replace(b"25000", b"26000"))
    with pytest.raises(StateRefused, match=r"\$25,000.00 in 1 payments.*by an amendment"):
        import_sheet(sheet=other, by=world.director, as_of=NOW)
    assert Award.objects.get(number="A-2").amount == 25000


@pytest.mark.parametrize(
    ("row", "line", "column", "says"),
    [
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,,abc,2026-03-01,,,", 6, "amount", "not an amount"),
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,,-5,2026-03-01,,,", 6, "amount", "more than nothing"),
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,,5,soon,,,", 6, "planned_on", "not a day"),
        ("A-9,{t},X,pilot,2026-12-31,2026-01-01,,5,2026-03-01,,,", 6, "ends_on", "after the first"),
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,7,5,2026-03-01,,,", 6, "award_amount", "add up to"),
        ("A-9,Nobody Health,X,pilot,2026-01-01,2026-12-31,,5,2026-03-01,,,", 6, "group", "not known"),
        ("A-9,{t},X,gift,2026-01-01,2026-12-31,,5,2026-03-01,,,", 6, "kind", "not known"),
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,,5,2026-03-01,Cakes,,", 6, "category", "not known"),
        (",{t},X,pilot,2026-01-01,2026-12-31,,5,2026-03-01,,,", 6, "number", "no award number"),
        ("A-9,{t},,pilot,2026-01-01,2026-12-31,,5,2026-03-01,,,", 6, "title", "no title"),
        ("A-2,{t},Other,infrastructure,2026-01-01,2026-12-31,,5,2026-03-01,,,", 6, "title", "Line 5 says"),
        ("A-9,{t},X,pilot,2026-01-01,2026-12-31,,900000,2026-03-01,,,", 0, "", "left that is not committed"),
    ],
)  # fmt: skip
def test_a_line_that_does_not_fit_is_named_and_nothing_is_half_done(
    world: Grants, row: str, line: int, column: str, says: str
) -> None:
    sheet = receive(
        world, sheet_text(world.team.name) + f"\n{row.format(t=world.team.name)}".encode()
    )
    trial = try_import(sheet)
    if line:
        assert [(f.line, f.column) for f in trial.errors] == [(line, column)]
        assert says in trial.errors[0].text
    else:
        assert says in trial.problems[0]
    with pytest.raises(StateRefused, match="Nothing was imported"):
        import_sheet(sheet=sheet, by=world.director, as_of=NOW)
    assert Award.objects.count() == 0


def test_mapping_gives_meanings_and_is_remembered_for_the_same_columns(world: Grants) -> None:
    data = sheet_text("Harbour people")
    sheet = receive(world, data)
    assert try_import(sheet).unknown == {"group": ["Harbour people"]}
    mapping = {
        "columns": sheet.mapping["columns"],
        "values": {"group": {"harbour people": world.team.code}},
    }
    with pytest.raises(StateRefused, match="which this file does not have"):
        map_sheet(
            sheet=sheet, by=world.director, as_of=NOW,
            mapping={**mapping, "columns": {**mapping["columns"], "title": "Gone"}},
        )  # fmt: skip
    sheet = map_sheet(sheet=sheet, mapping=mapping, by=world.director, as_of=NOW)
    assert try_import(sheet).can_import
    next_year = receive(world, data.replace(b"A-", b"B-"))
    assert try_import(next_year).can_import and SheetMapping.objects.count() == 1


def test_workbook_is_read_like_a_file_of_text(world: Grants) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Our grants"])
    page.append(HEADERS.split(","))
    page.append(
        ["A-1", world.team.name, "=1+1 cuffs", "Pilot", date(2026, 1, 1), date(2026, 12, 31), 1200.1,
         1200.1, date(2026, 2, 1), None, None, None]
    )  # fmt: skip
    page["C3"].data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    trial = try_import(receive(world, stream.getvalue(), "grants.xlsx"))
    assert trial.errors == []
    assert trial.new[0].terms.amount == Decimal("1200.10")
    assert trial.new[0].terms.tranches[0].planned_on == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7 x", "no table"),
        (b"only one column\n1\n", "no table"),
        (b"PK\x03\x04broken", "damaged"),
        (b"a,b\n" + b"1,2\n" * 2001, "more than 2,000 rows"),
    ],
)
def test_files_that_are_no_sheet_are_refused(world: Grants, data: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        receive(world, data)
    assert AwardSheet.objects.count() == 0


def test_names_of_columns_are_recognised_whatever_their_order() -> None:
    found = suggest_columns(["Payment Date", "GRANTEE", "grant #", "Start Date", "Unheard of"])
    assert found == {
        "planned_on": "Payment Date",
        "group": "GRANTEE",
        "number": "grant #",
        "starts_on": "Start Date",
    }
    assert header_hash(["A", "b"]) == header_hash(["B", "a"])


def test_only_who_runs_the_grants_imports(world: Grants) -> None:
    sheet = receive(world, sheet_text(world.team.name))
    for person in (world.lead, world.coach, world.finance):
        with pytest.raises(NotAllowed, match="programme"):
            import_sheet(sheet=sheet, by=person, as_of=NOW)
    for role in (Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.COACH):
        client = signed_in(
            make_user(role, team=world.team) if role == Role.COACH else make_user(role)
        )
        answer = client.get(f"/grants/sheets/{sheet.pk}/")
        assert answer.status_code == 403 and "A-1" not in answer.content.decode()


def test_pages_lead_from_the_file_to_the_drafts(world: Grants) -> None:
    client = signed_in(world.director)
    file: Any = io.BytesIO(sheet_text("Harbour people"))
    file.name = "grants.csv"
    sent = client.post("/grants/sheets/", {"fund": world.fund.pk, "file": file})
    assert sent.status_code == 302
    path = sent["Location"]
    page = client.get(path).content.decode()
    assert "“Harbour people” is not known" in page and "Make the drafts" not in page
    refused = client.post(f"{path}import/")
    assert refused.status_code in (302, 409) and Award.objects.count() == 0
    findings = client.get(f"{path}findings.csv").content.decode()
    assert "3,Group,error," in findings
    columns = AwardSheet.objects.get().mapping["columns"]
    typed = {f"column-{name}": origin for name, origin in columns.items()}
    typed["value-group-0"] = world.team.code
    wrong = client.post(f"{path}mapping/", {**typed, "column-title": ""})
    assert wrong.status_code == 422 and "Say which column holds “Title”" in wrong.content.decode()
    assert client.post(f"{path}mapping/", typed).status_code == 302
    page = client.get(path).content.decode()
    assert "2 drafts, $125,000" in page and "Make the drafts" in page
    assert client.post(f"{path}import/").status_code == 302
    assert sorted(Award.objects.values_list("number", "state")) == [
        ("A-1", "draft"),
        ("A-2", "draft"),
    ]
    assert "Imported" in client.get(path).content.decode()


def test_sheet_that_was_given_up_makes_nothing(world: Grants) -> None:
    data = sheet_text(world.team.name)
    sheet = discard_sheet(sheet=receive(world, data), by=world.director, as_of=NOW)
    with pytest.raises(StateRefused, match="Send the file again"):
        import_sheet(sheet=sheet, by=world.director, as_of=NOW)
    import_sheet(sheet=receive(world, data), by=world.director, as_of=NOW)
