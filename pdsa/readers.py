"""Who may read the files of a test: whoever works with its team. Sharing a test does not share its files.

A shared test is a post too: whoever reads it may report it.
"""

from __future__ import annotations

from django.urls import reverse

from pdsa.models import Cycle
from pdsa.queries.cycles import get_shared_cycle, list_cycles
from teams.attachments import register_owner
from teams.moderation import Post, register_post
from teams.scoping import Scope


def can_read_cycle(scope: Scope, pk: int) -> bool:
    return list_cycles(scope).filter(pk=pk).exists()


def find_shared_test(scope: Scope | None, pk: int) -> Post:
    """A shared test as a post; without a scope any test, for whoever decides about a report."""
    cycle = (
        Cycle.objects.select_related("idea__project__team", "owner").get(pk=pk)
        if scope is None
        else get_shared_cycle(scope, pk)
    )
    return Post(
        post_type="pdsa.cycle",
        post_id=cycle.pk,
        title=str(cycle),
        team=cycle.idea.project.team,
        author=cycle.owner,
        path=reverse("pdsa:cycle", args=[cycle.pk]),
        own_path=reverse("pdsa:cycle", args=[cycle.pk]),
    )


def register_readers() -> None:
    """Called once, when the app starts."""
    register_post("pdsa.cycle", find_shared_test)
    register_owner("pdsa.cycle", can_read_cycle)
