"""Writing what an award says: the draft, and the rows that follow from its terms."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from grants.actions.events import record_award_event
from grants.enums import AwardKind
from grants.models import (
    Award,
    Fund,
)
from grants.policies.checks import check_not_own_group, check_outside_group
from grants.policies.transitions import check_step
from grants.steps import checked_scope, lock_award, write_budget, write_schedule
from grants.terms import AwardTerms, terms_of
from teams.errors import StateRefused
from teams.models import Team, User
from teams.permissions import Permission


@transaction.atomic
def draft_award(
    *,
    fund: Fund,
    team: Team,
    kind: AwardKind,
    number: str,
    terms: AwardTerms,
    by: User,
    as_of: datetime,
) -> Award:
    """A new award in its draft. Sums are checked when it is submitted, not while it is written."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    check_outside_group(by, team, whose="whose award this would be", on=timezone.localdate(as_of))
    if Award.objects.filter(number=number.strip()).exists():
        raise StateRefused(f"There is an award {number.strip()} already. Choose another number.")
    award = Award.objects.create(
        fund=fund,
        team=team,
        kind=kind,
        number=number.strip(),
        title=terms.title.strip(),
        scope_text=terms.scope_text,
        key_person=terms.key_person,
        amount=terms.amount,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        drafted_by=by,
        state_changed_at=as_of,
    )
    award = lock_award(award.pk)
    write_budget(award, terms.lines, reason="First budget", by=by, as_of=as_of)
    write_schedule(award, terms)
    record_award_event(
        award=award, act="draft_award", target=award, by=by, as_of=as_of, after=terms_of(award)
    )
    return award


@transaction.atomic
def change_award(*, award: Award, terms: AwardTerms, by: User, as_of: datetime) -> Award:
    """Rewrite a draft. Its budget becomes a new version; its conditions and payments are written anew."""
    checked_scope(by, Permission.MANAGE_GRANTS, as_of)
    award = lock_award(award.pk)
    check_step("change", award)
    check_not_own_group(by, award, on=timezone.localdate(as_of))
    before = terms_of(award)
    award.title, award.amount = terms.title.strip(), terms.amount
    award.starts_on, award.ends_on = terms.starts_on, terms.ends_on
    award.scope_text, award.key_person = terms.scope_text, terms.key_person
    award.save()
    for tranche in award.tranches.all():
        tranche.conditions.clear()
        tranche.delete()
    award.milestones.all().delete()
    write_budget(award, terms.lines, reason="Draft changed", by=by, as_of=as_of)
    write_schedule(award, terms)
    record_award_event(
        award=award,
        act="change_award",
        target=award,
        by=by,
        as_of=as_of,
        before=before,
        after=terms_of(award),
    )
    return award
