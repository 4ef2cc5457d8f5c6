"""Files that arrive in parts: begun, continued after any pause, and made a submission when they are whole.

The database says how many bytes hold; the part file may have more, from a request that died between the
disk and the commit, and then is written over.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from measures.actions.submissions import receive_submission
from measures.errors import FileRefused
from measures.ingest import store
from measures.models import PartialUpload, Source, Submission
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import User

#: Most bytes of one part.
PART_LIMIT_BYTES = 8 * 1024**2
#: What the upload page sends at once: little enough that a break costs seconds on a slow line.
PART_BYTES = 2 * 1024**2
#: Unfinished uploads of one person.
OPEN_LIMIT = 20
#: Without a new part for this long, an upload is given up.
KEPT_FOR = timedelta(days=2)


class OffsetDiffers(StateRefused):
    """A part was sent for another place than the next one."""

    def __init__(self, received_count: int) -> None:
        super().__init__(
            f"{received_count} bytes of this file are here. Send the part that begins there."
        )
        self.received_count = received_count


@transaction.atomic
def begin_upload(
    *, source: Source, file_name: str, byte_count: int, by: User, as_of: datetime
) -> tuple[PartialUpload, bool]:
    """Announce a file. The same person, source, name and size continue what is there already.

    Returns the upload, and whether it is new. Raises FileRefused for a file beyond the limit; StateRefused
    while too many are open.
    """
    if byte_count > settings.UPLOAD_LIMIT_BYTES:
        raise store.too_large()
    # One person's uploads are begun one after the other, so that the limit holds.
    User.objects.select_for_update().get(pk=by.pk)
    key = {"user": by, "source": source, "file_name": file_name[:255], "byte_count": byte_count}
    existing = PartialUpload.objects.filter(**key).first()
    if existing is not None:
        return existing, False
    if PartialUpload.objects.filter(user=by).count() >= OPEN_LIMIT:
        raise StateRefused(
            f"You have {OPEN_LIMIT} unfinished uploads. Finish or discard one of them first."
        )
    upload = PartialUpload.objects.create(**key, begun_at=as_of, touched_at=as_of)
    record_event(
        act="begin_upload",
        target=upload,
        by=by,
        team=source.team,
        details={"source": source.code, "bytes": byte_count},
    )
    return upload, True


@transaction.atomic
def append_part(
    *,
    upload: PartialUpload,
    offset: int,
    data: bytes,
    sha256: bytes | None,
    by: User,
    as_of: datetime,
) -> PartialUpload:
    """Add the bytes that follow those that are there.

    sha256: digest of `data`, where the sender gave one. Raises OffsetDiffers unless `offset` is the number
    of bytes received; FileRefused for a part that is damaged, too large, or longer than the file.
    Effects: no audit event; beginning and end of an upload have theirs.
    """
    if sha256 is not None and hashlib.sha256(data).digest() != sha256:
        raise FileRefused("part_damaged", "This part was damaged on its way. Send it again.")
    if len(data) > PART_LIMIT_BYTES:
        raise FileRefused("part_too_large", f"A part has {PART_LIMIT_BYTES} bytes at most.")
    upload = _locked(upload.pk, by)
    if offset != upload.received_count:
        raise OffsetDiffers(upload.received_count)
    if offset + len(data) > upload.byte_count:
        raise FileRefused("too_long", "The parts are longer than the file was said to be.")
    store.write_part(upload.pk, offset, data)
    upload.received_count = offset + len(data)
    upload.touched_at = as_of
    upload.save(update_fields=["received_count", "touched_at"])
    return upload


def complete_upload(
    *,
    upload: PartialUpload,
    sha256: str,
    by: User,
    as_of: datetime,
    replace_confirmed: bool = False,
) -> Submission:
    """Make a submission of a file that is whole.

    sha256: of the whole file as its sender has it, in hex, or "" where the sender cannot say. Raises
    StateRefused while bytes are missing; FileRefused when the parts are gone or do not make up the sender's
    file: they are of no use then and are deleted.
    Effects: one submission at most; the upload is gone; the caller starts the work on commit.
    """
    if upload.received_count < upload.byte_count:
        raise StateRefused(
            f"{upload.byte_count - upload.received_count} bytes of this file are still missing."
        )
    # Outside of the transaction: reading 20 GiB takes a while, and nobody adds to a file that is whole.
    try:
        found = store.hash_part(upload.pk)
    except FileRefused:
        discard_upload(upload=upload, by=by)
        raise
    if found != sha256.lower() and sha256:
        discard_upload(upload=upload, by=by)
        raise FileRefused(
            "file_changed",
            "What arrived is not the file that was chosen: it was changed on the way, or another file of the"
            " same name and size was chosen in between. Send it again from the start.",
        )
    with transaction.atomic():
        upload = _locked(upload.pk, by)
        submission = receive_submission(
            source=upload.source,
            file=store.keep_part(upload.pk, found),
            file_name=upload.file_name,
            by=by,
            as_of=as_of,
            replace_confirmed=replace_confirmed,
        )
        upload.delete()
    return submission


@transaction.atomic
def discard_upload(*, upload: PartialUpload, by: User) -> None:
    """Give up an upload: what arrived of it is deleted."""
    upload = _locked(upload.pk, by)
    record_event(
        act="discard_upload",
        target=upload,
        by=by,
        team=upload.source.team,
        details={"source": upload.source.code, "received": upload.received_count},
    )
    _delete(upload)


def delete_abandoned_uploads(*, as_of: datetime) -> int:
    """Delete uploads that no part came in for in KEPT_FOR. Returns how many. Effects: an audit event each."""
    deleted = 0
    for upload_id in PartialUpload.objects.filter(touched_at__lt=as_of - KEPT_FOR).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            # Not those that a part came in for just now.
            upload = (
                PartialUpload.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("source__team")
                .filter(pk=upload_id, touched_at__lt=as_of - KEPT_FOR)
                .first()
            )
            if upload is None:
                continue
            record_event(
                act="discard_upload",
                target=upload,
                by=None,
                team=upload.source.team,
                details={"source": upload.source.code, "received": upload.received_count},
            )
            _delete(upload)
        deleted += 1
    return deleted


def _delete(upload: PartialUpload) -> None:
    upload_id = upload.pk
    upload.delete()
    transaction.on_commit(lambda: store.delete_part(upload_id))


def _locked(upload_id: UUID, by: User) -> PartialUpload:
    """Raises PartialUpload.DoesNotExist also for another person's upload."""
    return (
        PartialUpload.objects.select_for_update(of=("self",))
        .select_related("source__team")
        .get(pk=upload_id, user=by)
    )
