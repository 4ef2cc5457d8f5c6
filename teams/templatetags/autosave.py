"""Template filters of forms that save themselves."""

from __future__ import annotations

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def shown_version(field: BoundField) -> int:
    """Number of the version that a control shows: what a save without JavaScript builds on."""
    return int(field.field.widget.attrs.get("data-version", 0))
