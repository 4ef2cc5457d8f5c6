"""Five-year plans of a group as a document: side by side, then each with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from grants.evidence.document import Block, Document, document_pdf
from grants.plan_chart import plan_sentence
from grants.queries.plans import PlanView
from teams.formats import NO_NUMBER, format_money


def _dollars(amount: Decimal) -> str:
    return format_money(amount, cents=False)


def plans_pdf(team_name: str, views: Sequence[PlanView], *, as_of: datetime) -> bytes:
    side = [
        [
            view.plan.name, _dollars(view.case.total_need), _share(view),
            f"{view.cliff_year or 'none'}", *(_dollars(case.total_gap) for _, case in view.outlooks),
        ]
        for view in views
    ]  # fmt: skip
    blocks = [
        Block(
            "Side by side", (),
            ("Scenario", "Five years cost", "Grant covers", "First year without cover",
             "Missing, cautious", "Missing, expected", "Missing, hopeful"),
            side, (3, 2, 1, 2, 2, 2, 2), (1, 2, 4, 5, 6),
        )
    ]  # fmt: skip
    for view in views:
        blocks += _scenario(view)
    return document_pdf(
        Document(
            title="When the grant ends",
            eyebrow=team_name,
            lead="What the work costs over five years, who pays for it, and what becomes of each change.",
            blocks=blocks,
            wide=True,
            note="Cautious: sources at the low of their assumptions, costs at their high.",
        ),
        as_of=as_of,
    )


def _share(view: PlanView) -> str:
    share = view.case.grant_share
    return f"{100 * share:.0f}%" if share is not None else NO_NUMBER


def _scenario(view: PlanView) -> list[Block]:
    rows = [
        [row.description, *map(_dollars, row.years), _dollars(row.total)]
        for row in (*view.costs, *view.sources)
    ]
    rows.append(["Missing", *map(_dollars, view.case.gap), _dollars(view.case.total_gap)])
    signed = (
        f"Signed by {view.plan.signed_by} on {view.plan.signed_at:%-d %b %Y}."
        if view.plan.signed_at
        else "Not signed by the senior sponsor yet."
    )
    found = [
        Block(
            view.plan.name,
            [plan_sentence(view.case, view.years), f"Version {view.plan.version}. {signed}", *view.warnings],
            ("Row", *map(str, view.years), "All"), rows, (4, 2, 2, 2, 2, 2, 2), (1, 2, 3, 4, 5, 6), True,
        )
    ]  # fmt: skip
    assumptions = [
        [a.name, f"{a.low:,.0f}", f"{a.middle:,.0f}", f"{a.high:,.0f}", a.unit,
         format_money(a.unit_cost) if a.unit_cost is not None else NO_NUMBER,
         a.get_drives_display(), a.origin]
        for a in view.plan.assumptions.all()
    ]  # fmt: skip
    if assumptions:
        found.append(
            Block(
                "What the numbers rest on", (),
                ("Assumption", "Low", "Middle", "High", "Unit", "Dollars each", "Moves", "Where from"),
                assumptions, (3, 1, 1, 1, 1, 2, 2, 4), (1, 2, 3, 5),
            )
        )  # fmt: skip
    changes = [
        [c.title, c.get_decision_display(), c.replaces_step or NO_NUMBER, c.owner or NO_NUMBER,
         c.budget_line or NO_NUMBER]
        for c in view.plan.changes.all()
    ]  # fmt: skip
    if changes:
        found.append(
            Block(
                "What becomes of each change", (),
                ("Change", "Decision", "Which step it replaces", "Owner", "Budget line"),
                changes, (3, 2, 3, 2, 2),
            )
        )  # fmt: skip
    return found
