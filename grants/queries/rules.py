"""Reads of what the programme set: limits, budget categories, and who holds which part."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from grants.models import BudgetCategory, GrantRules
from teams.models import Membership, User, holds_on
from teams.permissions import ROLE_PERMISSIONS, Permission

#: What a programme begins with; a funder's own list is edited on the page of rules.
_FIRST_CATEGORIES = (
    ("personnel", "Personnel"),
    ("fringe", "Fringe benefits"),
    ("consultants", "Consultants"),
    ("it_data", "IT and data"),
    ("equipment", "Equipment"),
    ("patient_support", "Patient support"),
    ("community", "Community partners"),
    ("training", "Training"),
    ("travel", "Travel and meetings"),
    ("evaluation", "Evaluation"),
    ("indirect", "Indirect costs"),
    ("other", "Other"),
)


def get_rules() -> GrantRules:
    """The one row of limits, made with its defaults when it is first asked for."""
    return GrantRules.objects.get_or_create(id=1)[0]


def list_categories(*, only_active: bool = True) -> QuerySet[BudgetCategory]:
    """Budget categories in their order; the first ones are made when none are there."""
    if not BudgetCategory.objects.exists():
        BudgetCategory.objects.bulk_create(
            [
                BudgetCategory(code=code, name=name, position=position)
                for position, (code, name) in enumerate(_FIRST_CATEGORIES)
            ],
            ignore_conflicts=True,
        )
    categories = BudgetCategory.objects.all()
    return categories.filter(is_active=True) if only_active else categories


def get_category(category_id: int) -> BudgetCategory:
    return BudgetCategory.objects.get(pk=category_id)


def list_users_with(permission: Permission, *, on: date) -> QuerySet[User]:
    """People with an open account who hold a permission on a day, by name."""
    roles = [role for role, held in ROLE_PERMISSIONS.items() if permission in held]
    return User.objects.filter(
        is_active=True,
        id__in=Membership.objects.filter(holds_on(on), role__in=roles).values("user_id"),
    ).order_by("name", "id")


def list_people_with(permission: Permission, *, on: date, except_ids: set[int]) -> list[str]:
    """Their names, without some of them."""
    users = list_users_with(permission, on=on).exclude(id__in=except_ids)
    return list(users.values_list("name", flat=True))


def list_users_of_group(team_id: int, *, on: date) -> QuerySet[User]:
    """A group's people who write its reports."""
    roles = [role for role, held in ROLE_PERMISSIONS.items() if Permission.REPORT_GRANTS in held]
    return User.objects.filter(
        is_active=True,
        id__in=Membership.objects.filter(
            holds_on(on), role__in=roles, organisation__teams=team_id
        ).values("user_id"),
    ).order_by("name", "id")
