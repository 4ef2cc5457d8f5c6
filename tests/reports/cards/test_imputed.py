"""Race where nobody asked on report cards: frozen as outsiders may see it, in page, PDF and workbook."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.utils import timezone

from measures.models import Period, Source, Submission
from reports.actions import report_cards as actions
from reports.cards.content import reviewable_sha256
from reports.cards.imputed import COLUMNS, present_imputed
from reports.cards.pdf import render_pdf
from reports.cards.presentation import present_card
from reports.cards.xlsx_file import render_xlsx
from reports.models import ReportCard
from reports.queries.cards import get_content
from teams.enums import Role
from teams.models import Team
from teams.scoping import scope_of
from tests.factories.card_content import make_content
from tests.factories.people import make_user, signed_in
from tests.measures.test_imputed_queries import world  # noqa: F401
from tests.measures.test_imputing import state, tables  # noqa: F401

pytestmark = pytest.mark.django_db
NOW = timezone.make_aware(datetime(2026, 6, 16, 9))


def make_card(team: Team | None) -> tuple[ReportCard, Any, Any]:
    """A published card, its reader and scope."""
    by = make_user(Role.PAYER_ANALYST)
    scope = scope_of(by, on=NOW.date())
    source, period = Source.objects.get(), Period.objects.get(label="2024")
    (card,) = actions.draft_report_cards(teams=[team], source=source, period=period, by=by)
    seen = reviewable_sha256(get_content(scope, card))
    card = actions.review_report_card(card=card, seen_sha256=seen, scope=scope, as_of=NOW, by=by)
    return actions.publish_report_card(card=card, scope=scope, as_of=NOW, by=by), by, scope


def test_a_card_holds_ranges_in_whole_percent_with_their_basis(
    world: tuple[Submission, Team, Team],  # noqa: F811
) -> None:
    _, team, _ = world
    card, by, _ = make_card(team)
    content = json.loads(json.dumps(card.content))
    (measure,) = content["imputed"]
    assert measure["code"] == "CBP"
    assert (measure["direct_percent"], measure["imputed_percent"]) == (33, 63)
    assert measure["left_out_percent"] == 3
    rates = {rate["group"]: rate for rate in measure["rates"]}
    assert rates["hispanic"]["low"] is not None
    assert rates["black"]["low"] is None and "fewer than 11" in rates["black"]["why_not"]
    for rate in rates.values():
        for name in ("low", "high", "lower", "upper", "gap_low", "gap_high"):
            assert rate[name] is None or rate[name] == round(rate[name], 2)
        assert rate["expected"] is None or rate["expected"] % 10 == 0
    page = signed_in(by).get(f"/report-cards/{card.pk}/").content.decode()
    assert "Race where nobody asked" in page and "33% known, 63% imputed" in page


def test_files_say_the_same(world: tuple[Submission, Team, Team]) -> None:  # noqa: F811
    _, team, _ = world
    card, _, _ = make_card(team)
    assert card.content is not None
    shown = present_card(card.content, state="published", published_on="2026-06-16")
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(card.content, shown)))
    rows = list(book["Race where nobody asked"].iter_rows(values_only=True))
    assert rows[0] == COLUMNS
    by_group = {row[1]: dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]}
    hispanic = by_group["Hispanic of any race"]
    assert hispanic["state"] == "shown" and 0 <= hispanic["rate_low"] <= hispanic["rate_high"] <= 1
    black = by_group["Black, not Hispanic"]
    assert black["state"] == "protected" and black["rate_low"] is None
    assert render_pdf(shown).startswith(b"%PDF")
    cells = shown["imputed"]["rows"][0]["cells"]
    assert [cell["words"] for cell in cells].count("Protected") >= 1


def test_the_card_of_two_groups_together_has_none(
    world: tuple[Submission, Team, Team],  # noqa: F811
) -> None:
    """Each of the two would have the other's."""
    card, _, _ = make_card(None)
    assert card.content is not None
    assert card.content["imputed"] == []


def test_cards_of_before_have_no_such_part() -> None:
    content = make_content()
    assert present_imputed(content) == {"groups": [], "rows": [], "tables": ""}
    assert present_card(content, state="draft")["imputed"]["rows"] == []
