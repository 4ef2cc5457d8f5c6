"""Template tags about tests: their title, their state as a badge, their scale, their next verb."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pdsa.enums import CycleState, Decision
from pdsa.models import Cycle
from pdsa.wording import DECIDED, DECISION_ICON, NEXT_VERB, STATE_ICON, scale_text
from teams.templatetags.ui import icon

register = template.Library()


@register.filter
def cycle_title(cycle: Cycle) -> str:
    """`{{ cycle|cycle_title }}`: its own title, or idea and number."""
    return str(cycle)


@register.simple_tag
def cycle_badge(cycle: Cycle) -> SafeString:
    """State of a test, or its decision once it is closed: icon and word."""
    if cycle.state == CycleState.CLOSED:
        tone = "orange" if cycle.decision == Decision.ABANDON else "blue"
        label, mark = DECIDED[cycle.decision], DECISION_ICON[cycle.decision]
    else:
        tone, label, mark = "neutral", CycleState(cycle.state).label, STATE_ICON[cycle.state]
    # As components/badge.html; long lists show one in every row.
    return format_html('<span class="badge badge-{}">{}{}</span>', tone, icon(mark), label)


@register.filter
def scale(cycle: Cycle) -> str:
    """`{{ cycle|scale }}` → 5 patients, 7 days."""
    return scale_text(
        patient_count=cycle.patient_count,
        clinician_count=cycle.clinician_count,
        site_count=cycle.site_count,
        duration_days=cycle.duration_days,
    )


@register.filter
def next_verb(cycle: Cycle) -> str:
    """The one thing to do next with an own test."""
    return NEXT_VERB.get(cycle.state, "Read")
