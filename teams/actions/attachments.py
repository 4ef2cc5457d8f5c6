"""Writes about files that hang on objects. The app that owns the object checks its own policy first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.db.models import Model

from teams.actions.audit import record_event
from teams.attachments import is_registered
from teams.errors import StateRefused
from teams.file_store import keep_file, path_of_attachment
from teams.file_types import content_type_of, plain_name
from teams.models import Attachment, Team, User


@transaction.atomic
def store_attachment(
    *, owner: Model, team: Team | None, file: BinaryIO, name: str, by: User, as_of: datetime
) -> Attachment:
    """Keep a file and hang it on an object. The same bytes sent twice to one object are one attachment.

    owner: a saved object of a registered model (`teams.attachments`); team: whose file it is.
    Raises FileRefused for what is too large, empty or not of an accepted kind.
    Effects: bytes in the store, one row, one audit event.
    """
    owner_type = owner._meta.label_lower
    if not is_registered(owner_type):
        raise LookupError(f"{owner_type} is not registered in teams.attachments")
    content_type = content_type_of(file)
    kept = keep_file(file)
    attachment, is_new = Attachment.objects.get_or_create(
        owner_type=owner_type,
        owner_id=owner.pk,
        sha256=kept.sha256,
        removed_at=None,
        defaults={
            "team": team,
            "byte_count": kept.byte_count,
            "name": plain_name(name),
            "content_type": content_type,
            "uploaded_by": by,
            "uploaded_at": as_of,
        },
    )
    if is_new:
        record_event(
            act="store_attachment",
            target=attachment,
            by=by,
            team=team,
            details={
                "owner": f"{owner_type}:{owner.pk}",
                "sha256": kept.sha256,
                "bytes": kept.byte_count,
                "content_type": content_type,
            },
        )
    return attachment


@transaction.atomic
def remove_attachment(*, attachment: Attachment, by: User, as_of: datetime) -> Attachment:
    """Take a file off its object. It is no longer shown; row and bytes stay on record."""
    attachment = Attachment.objects.select_for_update(of=["self"]).get(pk=attachment.pk)
    if attachment.removed_at is not None:
        raise StateRefused("This file was removed already.")
    attachment.removed_at, attachment.removed_by = as_of, by
    attachment.save(update_fields=["removed_at", "removed_by"])
    record_event(
        act="remove_attachment",
        target=attachment,
        by=by,
        team=attachment.team,
        details={
            "owner": f"{attachment.owner_type}:{attachment.owner_id}",
            "sha256": attachment.sha256,
        },
    )
    return attachment


@transaction.atomic
def download_attachment(*, attachment: Attachment, by: User) -> Path:
    """Where the bytes lie that are sent to the reader; the caller found the attachment through its scope.

    Effects: one audit event. Raises FileNotFoundError when the store lost the bytes.
    """
    path = path_of_attachment(attachment.sha256)
    if not path.is_file():
        raise FileNotFoundError(f"attachment {attachment.pk} has no bytes in the store")
    record_event(
        act="download_attachment",
        target=attachment,
        by=by,
        team=attachment.team,
        details={"sha256": attachment.sha256},
    )
    return path
