"""Files of a test."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from django.db import transaction

from pdsa.models import Cycle
from teams.actions.attachments import remove_attachment, store_attachment
from teams.models import Attachment, User


@transaction.atomic
def add_file(*, cycle: Cycle, file: BinaryIO, name: str, by: User, as_of: datetime) -> Attachment:
    """Hang a file on a test. Raises FileRefused. Effects: of `store_attachment`."""
    return store_attachment(
        owner=cycle, team=cycle.idea.project.team, file=file, name=name, by=by, as_of=as_of
    )


@transaction.atomic
def remove_file(*, attachment: Attachment, by: User, as_of: datetime) -> Attachment:
    """Take a file off a test. Effects: of `remove_attachment`."""
    return remove_attachment(attachment=attachment, by=by, as_of=as_of)
