"""The charter as a form whose fields save themselves."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from pdsa.aims.fields import CHARTER_LABELS
from pdsa.forms.aims import CharterForm
from pdsa.policies.aims import check_can
from pdsa.queries.aims import get_charter
from pdsa.queries.projects import list_writable_projects
from teams.autosave import Editable, fields_of
from teams.scoping import Scope


def editable_charter(scope: Scope, project_id: int) -> Editable:
    """The charter of a project that the reader writes. Raises Charter.DoesNotExist."""
    found = get_charter(list_writable_projects(scope), project_id)
    return Editable(
        target=found,
        team=found.project.team,
        fields=fields_of(CharterForm, *CHARTER_LABELS),
        check=lambda: check_can("write", found),
        touch=_touch,
    )


def _touch(charter: Any) -> None:
    charter.changed_at = timezone.now()
    charter.save(update_fields=["changed_at"])
