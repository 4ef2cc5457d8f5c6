"""Template tags about people and places: roles in the programme's words, and where a page is."""

from __future__ import annotations

from django import template

from teams.forms import role_name as name_of_role

register = template.Library()


@register.simple_tag(takes_context=True)
def role_name(context: template.Context, role: str) -> str:
    """`{% role_name membership.role %}`: the role in the programme's words."""
    return name_of_role(role, context["programme"])


@register.simple_tag
def crumbs(*pairs: str) -> list[dict[str, str]]:
    """`{% crumbs "People" people_url "Invite" "" as items %}`: labels and addresses for the breadcrumbs."""
    return [
        {"label": label, "url": url} for label, url in zip(pairs[::2], pairs[1::2], strict=True)
    ]
