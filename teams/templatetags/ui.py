"""Template tags of the interface: icons, numbers, and small things a template cannot say itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, FileInput, RadioSelect, Select, Textarea
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from teams import formats

register = template.Library()

SPRITE = "img/icons.svg"


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    """Names of all symbols in the sprite."""
    text = (settings.BASE_DIR / "static" / SPRITE).read_text(encoding="utf-8")
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', text))


# A page shows a hundred. Types are part of the key: a label that is safe already is not escaped again.
@register.simple_tag
@lru_cache(maxsize=1024, typed=True)
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """`{% icon "upload" %}`: decorative. `{% icon "lock" label="Private" %}`: says its label.

    Raises ValueError for a name that is not in the sprite, so that a typing mistake is found at once.
    """
    if name not in icon_names():
        raise ValueError(f"There is no icon called {name!r} in static/{SPRITE}")
    classes = f"icon {css}".strip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}" viewBox="0 0 24 24"><use href="{}#{}"/></svg>',
            classes,
            label,
            static(SPRITE),
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" viewBox="0 0 24 24"><use href="{}#{}"/></svg>',
        classes,
        static(SPRITE),
        name,
    )


def _number_filter(form: Callable[..., str]) -> Callable[..., str]:
    def shown(value: Any, *digits: int) -> str:
        return formats.NO_NUMBER if value is None or value == "" else form(float(value), *digits)

    return shown


@register.filter
def percent(rate: Any, digits: int = 1) -> str:
    """`{{ 0.661|percent }}` → 66.1%; `{{ 0.661|percent:0 }}` → 66%."""
    return _number_filter(formats.format_percent)(rate, digits)


@register.filter
def points(value: Any, digits: int = 1) -> str:
    """`{{ -9.84|points }}` → −9.8: a signed difference in percentage points, unit not included."""
    return _number_filter(formats.format_points)(value, digits)


@register.filter
def count(value: Any) -> str:
    """`{{ 12345|count }}` → 12,345."""
    return _number_filter(formats.format_count)(value)


@register.filter
def ratio(value: Any, digits: int = 2) -> str:
    """`{{ 0.871|ratio }}` → 0.87."""
    return _number_filter(formats.format_ratio)(value, digits)


@register.filter
def file_size(value: Any) -> str:
    """`{{ 1234567|file_size }}` → 1.2 MB."""
    return formats.NO_NUMBER if value is None else formats.format_bytes(int(value))


@register.filter
def active_name(items: Any) -> str:
    """Name of the item that is marked active in a list of {name, url, active}; empty when none is."""
    return next((item["name"] for item in items if item.get("active")), "")


@register.filter
def field_kind(field: BoundField) -> str:
    """Which markup a form field needs: checkbox, radio, select, file, textarea or text."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "checkbox"
    if isinstance(widget, RadioSelect):  # also CheckboxSelectMultiple, its subclass
        return "radio"
    if isinstance(widget, FileInput):
        return "file"
    if isinstance(widget, Select):
        return "select"
    if isinstance(widget, Textarea):
        return "textarea"
    return "text"


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """The address's query string with some values changed: `{% query_with page=2 %}`; None removes."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
