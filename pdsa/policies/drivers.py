"""What may be done with the nodes of a driver diagram; the checks raise a sentence for the reader."""

from __future__ import annotations

from pdsa.models import Driver
from teams.errors import StateRefused


def check_can_indent(driver: Driver, *, has_before: bool, has_secondary: bool) -> None:
    """Raise StateRefused unless the driver can become a secondary driver of the one before it."""
    if driver.parent_id is not None:
        raise StateRefused(
            "A secondary driver cannot go deeper. Write a change idea under it instead."
        )
    if not has_before:
        raise StateRefused("There is no primary driver above it that it could go under.")
    if has_secondary:
        raise StateRefused("It has secondary drivers of its own. Move those first.")


def check_can_outdent(driver: Driver) -> None:
    if driver.parent_id is None:
        raise StateRefused("A primary driver stands at the first level already.")


def check_can_indent_idea(below: Driver | None) -> None:
    """below: the secondary driver that the idea would go under."""
    if below is None:
        raise StateRefused("There is no secondary driver that it could go under.")


def check_can_outdent_idea(driver: Driver) -> None:
    """driver: the one that the idea hangs under."""
    if driver.parent_id is None:
        raise StateRefused("It hangs under a primary driver already.")


def check_text_unchanged(stored: str, seen: str) -> None:
    """Raise StateRefused when somebody else changed a text in the meantime; it names what stands there now."""
    if stored != seen:
        raise StateRefused(
            f"Somebody else changed this in the meantime. It now says “{stored}”. "
            "Your text is still in the field: save it again to replace theirs."
        )
