"""Awards of two teams for the walk over every address."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from grants.actions.amendments import request_amendment
from grants.actions.calls import open_call, write_application
from grants.actions.milestones import attach_evidence
from grants.actions.plans import save_plan
from grants.actions.reports import start_report
from grants.actions.sheets import receive_sheet
from grants.enums import AmendmentKind, AwardKind
from grants.models import Award
from grants.queries.rules import list_categories
from teams.enums import Role
from tests.addresses import World, every_address
from tests.factories.grants import (
    NOW,
    TODAY,
    make_award,
    make_grants,
    make_terms,
    tranche_of,
)
from tests.factories.people import make_user

#: Who sees the awards of every group.
_SEE_GRANTS = {Role.PROGRAMME_DIRECTOR, Role.PAYER_ANALYST, Role.PAYER_FINANCE}


def _provide(world: World, part: str, mine: object, other: object, seen_by: set[Role]) -> None:
    """A part of this app's addresses; other apps have parts of the same name."""
    for address in every_address():
        if address.name.startswith(("grants:", "api_grant")) and part in address.parts:
            world.provide(f"{address.name}.{part}", mine=mine, other=other, seen_by=seen_by)


def build(world: World) -> None:
    grants = make_grants(amount="7000000")
    found = {}
    for team, word in ((world.mine, "Own"), (world.other, "Strange")):
        terms = replace(make_terms(), title=f"{word} blood pressure pilot", key_person="")
        award = make_award(grants, terms, team=team)
        found[team.pk] = award
    mine, other = found[world.mine.pk], found[world.other.pk]
    parts = {pk: _parts(award, grants) for pk, award in found.items()}
    for name in parts[world.mine.pk]:
        if name.startswith("save_"):
            continue
        _provide(world, name, parts[world.mine.pk][name], parts[world.other.pk][name], _SEE_GRANTS)
    _provide(world, "award_id", mine.pk, other.pk, _SEE_GRANTS)
    # The payer's finance sees the group's grants, and nothing else of it.
    for name in (
        "grants:team",
        "grants:plan",
        "grants:plans_document",
        "grants:add_plan",
        "grants:apply",
    ):
        world.provide(
            f"{name}.code", mine=world.mine.code, other=world.other.code, seen_by=_SEE_GRANTS
        )
    world.share("grants:plan_file.form", "csv")
    world.share("grants:plan_version.number", 1)
    world.share("grants:outcome_file.form", "csv")
    world.share("grants:portfolio_document.form", "pdf")
    _provide(world, "fund_id", grants.fund.pk, grants.fund.pk, set(Role))
    category = list_categories()[0].pk
    _provide(world, "category_id", category, category, set(Role))
    call = open_call(
        fund=grants.fund,
        kind=AwardKind.SUPPLEMENTAL,
        title="Small groups",
        text="x",
        eligibility="x",
        largest_amount=grants.fund.amount,
        questions=["What?"],
        criteria=["Need"],
        opens_on=TODAY,
        closes_on=timezone.localdate() + timedelta(days=30),
        by=grants.director,
        as_of=NOW,
    )
    _provide(world, "call_id", call.pk, call.pk, set(Role))
    applied = {
        team.pk: write_application(
            call=call,
            team=team,
            title=f"Applying {team.name}",
            amount=None,
            answers=["strange-answer" if team == world.other else "own"],
            by=make_user(Role.GROUP_LEAD, team=team),
            as_of=NOW,
        ).pk
        for team in (world.mine, world.other)
    }
    sheet = receive_sheet(
        fund=grants.fund,
        file=io.BytesIO(f"Grant,Grantee\nS-1,{world.other.name} strange-sheet".encode()),
        name="awards.csv",
        by=grants.director,
        as_of=NOW,
    )
    _provide(world, "sheet_id", sheet.pk, sheet.pk, {Role.PROGRAMME_DIRECTOR})
    world.mark("strange-sheet", seen_by={Role.PROGRAMME_DIRECTOR})
    # What saves itself is written by the group alone.
    world.provide(
        "grants:save_application.pk",
        mine=applied[world.mine.pk],
        other=applied[world.other.pk],
        seen_by=(),
    )
    for address in ("save_version", "save_line"):
        rows = [parts[team.pk][address] for team in (world.mine, world.other)]
        world.provide(f"grants:{address}.pk", mine=rows[0], other=rows[1], seen_by=())
    # A draft is the group's own.
    _provide(world, "application_id", applied[world.mine.pk], applied[world.other.pk], set())
    world.mark("strange-answer", seen_by=())
    for address, act in (
        ("grants:award_act", "suspend"),
        ("grants:tranche_act", "recommend"),
        ("grants:milestone_act", "waive"),
        ("grants:report_act", "submit"),
        ("grants:amendment_act", "withdraw"),
    ):
        world.share(f"{address}.act", act)
    # Administrators read the whole audit trail, where titles, numbers and names of files stand.
    audited = {*_SEE_GRANTS, Role.ADMINISTRATOR}
    world.mark("Strange blood pressure pilot", seen_by=audited)
    world.mark(other.number, seen_by=audited)
    world.mark("strange-evidence", seen_by=audited)


def _parts(award: Award, grants: object) -> dict[str, int]:
    director = grants.director  # type: ignore[attr-defined]
    milestone = award.milestones.get()
    word = "strange" if award.title.startswith("Strange") else "own"
    attach_evidence(
        milestone=milestone,
        file=io.BytesIO(f"{word} evidence".encode()),
        name=f"{word}-evidence.txt",
        by=director,
        as_of=NOW,
    )
    amendment = request_amendment(
        award=award,
        kind=AmendmentKind.SCOPE,
        reason=f"Because of {award.title}",
        changes={"scope_text": "Other scope"},
        by=director,
        as_of=NOW,
    )
    plan = save_plan(
        team=award.team,
        plan=None,
        content={
            "name": f"{word} strange plan" if word == "strange" else "own plan",
            "first_year": 2026,
            "grant_ends_in": 2,
            "staffing": "",
            "lines": [],
            "assumptions": [],
            "changes": [],
        },
        by=make_user(Role.GROUP_LEAD, team=award.team),
        as_of=NOW,
    )
    written = award.reports.filter(kind="financial").order_by("-due_on")[0]
    version = start_report(
        report=written, by=make_user(Role.GROUP_LEAD, team=award.team), as_of=NOW
    )
    return {
        "save_version": version.pk,
        "save_line": version.lines.order_by("line_code")[0].pk,
        "plan_id": plan.pk,
        "tranche_id": tranche_of(award).pk,
        "milestone_id": milestone.pk,
        "report_id": award.reports.order_by("due_on")[0].pk,
        "amendment_id": amendment.pk,
    }
