"""Writes of the programme's monthly synthesis."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.enums import SynthesisState
from learning.models import Synthesis
from learning.policies import check_synthesis_draft, check_synthesis_published
from learning.queries.synthesis import summarise_month
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import User
from teams.permissions import Permission
from teams.queries import list_participants
from teams.scoping import scope_of


@transaction.atomic
def open_synthesis(*, month: date, by: User) -> Synthesis:
    """The synthesis of a month, made as a draft when somebody first opens it. Effects: an audit event when made."""
    synthesis, made = Synthesis.objects.get_or_create(month=month.replace(day=1))
    if made:
        record_event(act="open_synthesis", target=synthesis, by=by)
    return synthesis


@transaction.atomic
def publish_synthesis(*, synthesis: Synthesis, by: User, as_of: datetime) -> Synthesis:
    """Show a synthesis to the programme; its counts and quotes stay as they are now.

    Raises StateRefused without a summary. Effects: the state, an audit event; who may read it is told.
    """
    synthesis = Synthesis.objects.select_for_update().get(pk=synthesis.pk)
    check_synthesis_draft(synthesis)
    if not synthesis.summary:
        raise StateRefused("Write the summary first: it is what most people read.")
    today = timezone.localdate(as_of)
    synthesis.facts = summarise_month(scope_of(by, on=today), synthesis.month)
    synthesis.state = SynthesisState.PUBLISHED
    synthesis.published_by, synthesis.published_at = by, as_of
    synthesis.save(update_fields=["facts", "state", "published_by", "published_at"])
    record_event(act="publish_synthesis", target=synthesis, by=by)
    readers = [
        user
        for user in list_participants([], on=today)
        if user != by and scope_of(user, on=today).may(Permission.READ_SYNTHESES)
    ]
    notify(
        users=readers,
        topic=Topic.REPORTS,
        title=f"{synthesis.month:%B} in the programme: the synthesis is there",
        text=synthesis.summary,
        path=reverse("learning:synthesis", args=[f"{synthesis.month:%Y-%m}"]),
        key=f"synthesis-{synthesis.pk}-{as_of.isoformat()}",
        as_of=as_of,
    )
    return synthesis


@transaction.atomic
def take_synthesis_back(*, synthesis: Synthesis, by: User) -> None:
    """Make a published synthesis a draft again. Effects: the state, an audit event."""
    synthesis = Synthesis.objects.select_for_update().get(pk=synthesis.pk)
    check_synthesis_published(synthesis)
    synthesis.state, synthesis.facts = SynthesisState.DRAFT, None
    synthesis.published_by = synthesis.published_at = None
    synthesis.save(update_fields=["state", "facts", "published_by", "published_at"])
    record_event(act="take_synthesis_back", target=synthesis, by=by)


@transaction.atomic
def record_synthesis_print(*, synthesis: Synthesis, by: User) -> None:
    """Effects: one audit event for what leaves the site on paper."""
    record_event(act="print_synthesis", target=synthesis, by=by)
