"""Funds and awards, made through the actions.

world = make_grants()                 # a fund, a team and one person for every part in a payment
award = make_award(world)             # active, with its agreement signed and its payments open
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from grants.actions.awards import (
    activate_award,
    approve_award,
    begin_award_review,
    send_agreement,
    sign_agreement,
    submit_award,
)
from grants.actions.drafts import draft_award
from grants.actions.funds import add_fund, record_receipt
from grants.actions.payments import (
    approve_payment_finance,
    approve_payment_programme,
    pay_tranche,
    recommend_payment,
)
from grants.enums import AwardKind
from grants.models import Award, Fund, Tranche
from grants.queries.rules import list_categories
from grants.terms import AwardTerms, LineTerms, MilestoneTerms, TrancheTerms
from teams.enums import Role
from teams.models import Team, User
from tests.factories.people import make_team, make_user

_numbers = count(1)
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
TODAY = date(2026, 3, 2)
AGREEMENT = b"%PDF-1.7 signed agreement"


@dataclass
class Grants:
    """A fund with money received, a team, and people: two of each part that decides."""

    fund: Fund
    team: Team
    lead: User
    coach: User
    director: User
    second_director: User
    finance: User
    second_finance: User


def make_grants(*, amount: str = "1000000", received: str | None = None) -> Grants:
    list_categories()
    team = make_team()
    finance = make_user(Role.PAYER_FINANCE, name="Fran Finance")
    fund = add_fund(
        name=f"Fund {next(_numbers)}",
        amount=Decimal(amount),
        starts_on=date(2026, 1, 1),
        ends_on=date(2028, 12, 31),
        by=finance,
        as_of=NOW,
    )
    if received != "0":
        record_receipt(
            fund=fund,
            amount=Decimal(received or amount),
            on=TODAY,
            reference=f"IN-{next(_numbers)}",
            by=finance,
            as_of=NOW,
        )
    return Grants(
        fund=fund,
        team=team,
        lead=make_user(Role.GROUP_LEAD, team=team, name="Lee Lead"),
        coach=make_user(Role.COACH, team=team, name="Cory Coach"),
        director=make_user(Role.PROGRAMME_DIRECTOR, name="Dana Director"),
        second_director=make_user(Role.PROGRAMME_DIRECTOR, name="Dee Director"),
        finance=finance,
        second_finance=make_user(Role.PAYER_FINANCE, name="Finn Finance"),
    )


def make_terms(**changes: Any) -> AwardTerms:
    """$100,000 in two payments: the first free, the second with a condition that a document shows."""
    terms: dict[str, Any] = {
        "title": "Blood pressure at home",
        "amount": Decimal(100000),
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "scope_text": "Test home blood pressure with Black patients.",
        "key_person": "Lee Lead",
        "lines": (
            LineTerms("01", "personnel", "Nurse, half time", Decimal(60000)),
            LineTerms("02", "patient_support", "Cuffs", Decimal(40000)),
        ),
        "milestones": (MilestoneTerms("plan", "Data plan accepted", date(2026, 6, 30)),),
        "tranches": (
            TrancheTerms(1, Decimal(40000), date(2026, 2, 1)),
            TrancheTerms(2, Decimal(60000), date(2026, 7, 1), ("plan",)),
        ),
    }
    return AwardTerms(**{**terms, **changes})


def draft(world: Grants, terms: AwardTerms | None = None, *, team: Team | None = None) -> Award:
    return draft_award(
        fund=world.fund,
        team=team or world.team,
        kind=AwardKind.PILOT,
        number=f"HE-{next(_numbers):04d}",
        terms=terms or make_terms(),
        by=world.director,
        as_of=NOW,
    )


def approved(world: Grants, terms: AwardTerms | None = None, *, team: Team | None = None) -> Award:
    award = draft(world, terms, team=team)
    submit_award(award=award, by=world.director, as_of=NOW)
    begin_award_review(award=award, by=world.finance, as_of=NOW)
    return approve_award(award=award, by=world.finance, as_of=NOW)


def make_award(
    world: Grants, terms: AwardTerms | None = None, *, team: Team | None = None
) -> Award:
    award = approved(world, terms, team=team)
    send_agreement(award=award, by=world.director, as_of=NOW)
    sign_agreement(
        award=award,
        file=io.BytesIO(AGREEMENT),
        name="agreement.pdf",
        signed_on=TODAY,
        signed_by="Pat President",
        by=world.director,
        as_of=NOW,
    )
    return activate_award(award=award, by=world.director, as_of=NOW)


def tranche_of(award: Award, number: int = 1) -> Tranche:
    return Tranche.objects.get(award=award, number=number)


def approve_all(world: Grants, tranche: Tranche) -> Tranche:
    """Recommended by the coach, approved by director and finance."""
    recommend_payment(tranche=tranche, note="", by=world.coach, as_of=NOW)
    approve_payment_programme(tranche=tranche, note="", by=world.director, as_of=NOW)
    return approve_payment_finance(tranche=tranche, note="", by=world.finance, as_of=NOW)


def pay(world: Grants, tranche: Tranche, *, reference: str | None = None) -> None:
    pay_tranche(
        tranche=tranche,
        reference=reference or f"OUT-{next(_numbers)}",
        on=TODAY,
        by=world.finance,
        as_of=NOW,
    )
