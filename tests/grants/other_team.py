"""Awards of two teams for the walk over every address."""

from __future__ import annotations

import io
from dataclasses import replace

from grants.actions.amendments import request_amendment
from grants.actions.milestones import attach_evidence
from grants.actions.plans import save_plan
from grants.enums import AmendmentKind
from grants.models import Award
from teams.enums import Role
from tests.addresses import World
from tests.factories.grants import (
    NOW,
    make_award,
    make_grants,
    make_terms,
    tranche_of,
)
from tests.factories.people import make_user

#: Who sees the awards of every group.
_SEE_GRANTS = {Role.PROGRAMME_DIRECTOR, Role.PAYER_ANALYST, Role.PAYER_FINANCE}


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
        world.provide(
            name,
            mine=parts[world.mine.pk][name],
            other=parts[world.other.pk][name],
            seen_by=_SEE_GRANTS,
        )
    world.provide("award_id", mine=mine.pk, other=other.pk, seen_by=_SEE_GRANTS)
    # The payer's finance sees the group's grants, and nothing else of it.
    for name in ("grants:team", "grants:plan", "grants:add_plan"):
        world.provide(
            f"{name}.code", mine=world.mine.code, other=world.other.code, seen_by=_SEE_GRANTS
        )
    world.share("grants:plan_file.form", "csv")
    world.share("fund_id", grants.fund.pk)
    for address, act in (
        ("grants:award_act", "suspend"),
        ("grants:tranche_act", "recommend"),
        ("grants:milestone_act", "waive"),
        ("grants:report_act", "submit"),
        ("grants:amendment_act", "withdraw"),
    ):
        world.share(f"{address}.act", act)
    world.mark("Strange blood pressure pilot", seen_by=_SEE_GRANTS)
    world.mark(other.number, seen_by=_SEE_GRANTS)
    world.mark("strange-evidence", seen_by=_SEE_GRANTS)


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
    return {
        "plan_id": plan.pk,
        "tranche_id": tranche_of(award).pk,
        "milestone_id": milestone.pk,
        "report_id": award.reports.order_by("due_on")[0].pk,
        "amendment_id": amendment.pk,
    }
