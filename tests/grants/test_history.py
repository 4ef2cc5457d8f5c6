"""The history of an award says what was there before and after, to read and to take away."""

from __future__ import annotations

import ast
import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from grants.actions import reports
from grants.actions.drafts import draft_award
from grants.actions.payments import hold_payment
from grants.chain import START, link_hash
from grants.enums import AwardKind
from grants.event_words import TITLES, title_of
from grants.models import Award
from grants.policies.transitions import AMENDMENT, AWARD, REPORT
from grants.templatetags.money import as_said
from grants.terms import list_differences
from teams.enums import Role
from teams.models import AuditEvent, User
from tests.factories.grants import NOW, Grants, approve_all, make_award, make_terms, pay, tranche_of
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def with_a_life(world: Grants) -> Award:
    award = make_award(world)
    pay(world, approve_all(world, tranche_of(award)), reference="ACH-77")
    hold_payment(tranche=tranche_of(award, 2), reason="=1+1", by=world.finance, as_of=NOW)
    report = award.reports.filter(kind="financial").order_by("due_on")[0]
    reports.start_report(report=report, by=world.lead, as_of=NOW)
    reports.write_financial_report(
        report=report, lines={"01": reports.LineEntry(Decimal("4321.00"))}, comment="Secret so far",
        by=world.lead, as_of=NOW,
    )  # fmt: skip
    reports.attach_to_report(
        report=report, file=io.BytesIO(b"r"), name="hidden-receipt.txt", by=world.lead, as_of=NOW
    )
    return award


def draft_of_number(world: Grants, number: str) -> Award:
    return draft_award(
        fund=world.fund, team=world.team, kind=AwardKind.PILOT, number=number, terms=make_terms(),
        by=world.director, as_of=NOW,
    )  # fmt: skip


def rows_of(reader: User, award: Award) -> list[dict[str, str]]:
    answer: Any = signed_in(reader).get(reverse("grants:history_file", args=[award.pk]))
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="history-{award.number}.csv"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_page_says_what_was_there_before_and_after(world: Grants) -> None:
    award = with_a_life(world)
    page = (
        signed_in(world.director).get(reverse("grants:history", args=[award.pk])).content.decode()
    )
    assert f'href="/grants/awards/{award.pk}/history.csv"' in page
    assert "<del>approved finance</del>" in page and "<ins>paid</ins>" in page
    assert "Payment 1 paid" in page and "Payment 2 put on hold" in page
    assert "ACH-77" in page and "$4,321.00" in page and "hidden-receipt.txt" in page
    signed = page[page.index("Signed agreement put on file") :]
    signed = signed[: signed.index("</details>")]
    assert "<ins>2 Mar 2026</ins>" in signed and "<ins>Pat President</ins>" in signed


def test_file_holds_the_whole_chain_with_before_and_after(world: Grants) -> None:
    award = with_a_life(world)
    rows = rows_of(world.director, award)
    events = list(award.events.order_by("number"))
    assert [int(r["link"]) for r in rows] == [e.number for e in events]
    assert {r["content_kept_back"] for r in rows} == {"no"}
    previous = START
    for row, event in zip(rows, events, strict=True):
        assert row["previous_hash"] == previous
        previous = row["hash"]
        # What the file says is enough to recompute the link.
        assert row["hash"] == link_hash(
            award_id=award.pk, number=int(row["link"]), at=event.at, actor_id=event.actor_id,
            roles=row["roles"], act=row["act"], object_type=row["object"], object_id=row["object_id"],
            before=json.loads(row["before"]), after=json.loads(row["after"]), reason=event.reason,
            previous_hash=row["previous_hash"],
        )  # fmt: skip
    [paid] = [r for r in rows if r["act"] == "pay_tranche"]
    assert (paid["who"], paid["roles"]) == (world.finance.email, "payer_finance")
    assert json.loads(paid["before"])["state"] == "approved_finance"
    assert json.loads(paid["after"])["reference"] == "ACH-77"
    [held] = [r for r in rows if r["act"] == "hold_payment"]
    assert held["reason"] == "'=1+1"  # no formula in a spreadsheet
    assert AuditEvent.objects.filter(act="download_award_history").count() == 1


def test_what_the_group_is_writing_is_in_no_history_of_the_payer(world: Grants) -> None:
    award = with_a_life(world)
    for reader in (world.finance, make_user(Role.PAYER_ANALYST)):
        page = signed_in(reader).get(reverse("grants:history", args=[award.pk])).content.decode()
        rows = rows_of(reader, award)
        for hidden in ("4321", "4,321", "hidden-receipt"):
            assert hidden not in page and hidden not in str(rows)
        assert "shown once it is handed in" in page
        kept_back = {
            r["act"]: (r["before"], r["after"]) for r in rows if r["content_kept_back"] == "yes"
        }
        assert kept_back == {
            "write_financial_report": ("", ""), "attach_to_report": ("", "")
        }  # fmt: skip
    own = rows_of(world.lead, award)
    assert "4321.00" in str(own) and "hidden-receipt.txt" in str(own)


def test_history_of_another_group_is_not_there(world: Grants) -> None:
    award = make_award(world)
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    for name in ("history", "history_file"):
        assert stranger.get(reverse(f"grants:{name}", args=[award.pk])).status_code == 404


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("Budget line 01 amount", "60000.00", "$60,000.00"),
        ("lines 01 actual", "-5", "−$5.00"),
        ("Budget line 01 full-time posts", "0.50", "0.50"),
        ("state", "approved_finance", "approved finance"),
        ("due on", "2026-07-01", "1 Jul 2026"),
        ("conditions", ["A", "B"], "A; B"),
        ("conditions", [], "none"),
        ("cancelled", True, "yes"),
        ("reference", "2026-07-01X", "2026-07-01X"),
    ],
)
def test_values_are_said_as_a_reader_says_them(what: str, value: Any, says: str) -> None:
    assert as_said(value, what) == says


def test_the_same_amount_in_other_digits_is_no_difference() -> None:
    assert list_differences({"amount": "60000.00"}, {"amount": "60000"}) == []
    [found] = list_differences({"amount": "60000.00"}, {"amount": "60000.01"})
    assert (found.before, found.after) == ("60000.00", "60000.01")
    [text] = list_differences({"note": ""}, {"note": "0"})
    assert (text.before, text.after) == ("", "0")


def test_every_act_on_an_award_has_its_words(world: Grants) -> None:
    recorded = {
        node.value.value
        for path in Path("grants/actions").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "record_award_event"
        for node in call.keywords
        if node.arg == "act" and isinstance(node.value, ast.Constant)
    }
    payments = ast.parse(Path("grants/actions/payments.py").read_text())
    recorded |= {
        call.args[2].value
        for call in ast.walk(payments)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "_finish"
        and isinstance(call.args[2], ast.Constant)
    }
    assert "send_back_payment" in recorded
    recorded |= {f"{act}_award" for act in AWARD if act != "change"}
    recorded |= {f"{act}_report" for act in REPORT if act != "write"}
    recorded |= {f"{act}_amendment" for act in AMENDMENT}
    recorded |= set(with_a_life(world).events.values_list("act", flat=True))
    assert recorded - set(TITLES) == set()
    assert title_of("record_return", "payment 2", "paid") == "Money of payment 2 came back"
    assert (
        title_of("settle_conditions", "payment 2", "conditions_open")
        == "Payment 2: conditions open"
    )


def test_files_are_named_after_any_number_of_an_award(world: Grants) -> None:
    award = draft_of_number(world, 'No "7/2026"')
    client = signed_in(world.director)
    for path, name in (
        (f"/grants/awards/{award.pk}/history.csv", "history-No_72026.csv"),
        (f"/grants/payments/{tranche_of(award).pk}/evidence.pdf", "evidence-No_72026-1.pdf"),
    ):
        assert client.get(path)["Content-Disposition"] == f'attachment; filename="{name}"'
