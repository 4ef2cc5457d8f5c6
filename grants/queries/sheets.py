"""Reads of sheets: what their rows would make, before anything is made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from grants.award_sheets.columns import (
    WITH_VALUES,
    check_mapping,
    header_hash,
    plain,
    suggest_columns,
)
from grants.award_sheets.draft_rows import (
    Meanings,
    RowFinding,
    SheetAward,
    SheetReading,
    read_awards,
)
from grants.models import Award, AwardSheet, SheetMapping
from grants.queries.money import get_fund_totals
from grants.queries.rules import list_categories
from grants.terms import terms_of
from teams.formats import format_money
from teams.models import Team
from teams.permissions import Permission
from teams.scoping import Scope


@dataclass(frozen=True)
class DryRun:
    """What an import would do. new: awards that would be drafted; there: awards that are there already and
    say the same; problems: sentences and findings that stand in the way; left_after: dollars of the fund that
    would be left if everything new was approved."""

    sheet: AwardSheet
    new: list[SheetAward]
    there: list[SheetAward]
    problems: list[str]
    errors: list[RowFinding]
    notes: list[RowFinding]
    unknown: dict[str, list[str]]
    team_names: dict[str, str]
    left_after: Decimal

    @property
    def can_import(self) -> bool:
        return bool(self.new) and not self.problems and not self.errors

    @property
    def total(self) -> Decimal:
        return sum((a.terms.amount for a in self.new), Decimal("0.00"))

    @property
    def payment_count(self) -> int:
        return sum(len(a.terms.tranches) for a in self.new)


def list_sheets(scope: Scope) -> QuerySet[AwardSheet]:
    """Sheets of every group: for who runs the grants only."""
    if not scope.may(Permission.MANAGE_GRANTS):
        return AwardSheet.objects.none()
    return AwardSheet.objects.select_related("fund", "received_by", "imported_by")


def get_sheet(scope: Scope, sheet_id: int) -> AwardSheet:
    return list_sheets(scope).get(pk=sheet_id)


def remembered_mapping(headers: list[str]) -> dict[str, Any]:
    """What was said of a sheet with these columns before, else what the names suggest."""
    saved = SheetMapping.objects.filter(header_hash=header_hash(headers)).first()
    if saved is not None:
        return saved.mapping
    return {"columns": suggest_columns(headers), "values": {}}


def meanings() -> Meanings:
    """Names and codes of groups and categories as texts of a sheet may have them."""
    groups: dict[str, str] = {}
    for team in Team.objects.select_related("organisation"):
        for text in (team.code, team.name, team.organisation.name):
            groups.setdefault(plain(text), team.code)
    categories: dict[str, str] = {}
    for category in list_categories():
        categories[plain(category.code)] = categories[plain(category.name)] = category.code
    return Meanings(groups, categories)


def read_sheet_rows(sheet: AwardSheet) -> SheetReading:
    rows = [(int(line), cells) for line, cells in sheet.rows]
    return read_awards(sheet.headers, rows, sheet.mapping, meanings())


def try_import(sheet: AwardSheet) -> DryRun:
    """Everything that an import would do or refuse, without doing any of it."""
    problems = check_mapping(sheet.mapping, sheet.headers)
    reading = SheetReading() if problems else read_sheet_rows(sheet)
    existing = {
        award.number: award
        for award in Award.objects.filter(
            number__in=[a.number for a in reading.awards]
        ).select_related("team", "fund")
    }
    new, there, errors = [], [], list(reading.errors)
    for award in reading.awards:
        old = existing.get(award.number)
        if old is None:
            new.append(award)
        elif differs := _difference(sheet, award, old):
            errors.append(RowFinding(award.lines[0], "number", differs))
        else:
            there.append(award)
    left = get_fund_totals(sheet.fund).left - sum((a.terms.amount for a in new), Decimal(0))
    if left < 0:
        problems.append(
            f"{sheet.fund.name} has {format_money(left + sum((a.terms.amount for a in new), Decimal(0)))} left that"
            f" is not committed; these awards need {format_money(-left)} more."
        )
    return DryRun(
        sheet=sheet,
        new=new,
        there=there,
        problems=problems,
        errors=sorted(errors, key=lambda f: (f.line, f.column)),
        notes=reading.notes,
        unknown={c: reading.unknown.get(c, []) for c in WITH_VALUES if c in reading.unknown},
        team_names=dict(Team.objects.values_list("code", "name")),
        left_after=left,
    )


def _difference(sheet: AwardSheet, award: SheetAward, old: Award) -> str:
    """Why an award of this number is not the one of the sheet; empty where it is."""
    if old.fund_id != sheet.fund_id or old.team.code != award.team_code:
        return f"Award {old.number} is there already, of another group or fund. Correct the number."
    first = old.versions.order_by("number").first()
    said = first.terms if first is not None else terms_of(old)
    same_amount = Decimal(said["amount"]) == award.terms.amount
    payments = sorted(Decimal(p["amount"]) for p in said["payments"].values())
    if same_amount and payments == sorted(t.amount for t in award.terms.tranches):
        return ""
    return (
        f"Award {old.number} is there already with {format_money(Decimal(said['amount']))} in"
        f" {len(payments)} payments; the sheet says {format_money(award.terms.amount)} in"
        f" {len(award.terms.tranches)}. An award is changed by an amendment, not by a sheet."
    )
