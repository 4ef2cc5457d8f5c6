"""Files that hang on objects: whose they are, who may read them.

Each app says for its own objects, when it starts, who may read them, and with them their files:

    register_owner("grants.actualsreport", lambda scope, pk: can_read_report(scope, pk))

An attachment whose owner nobody registered is read by nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection

from django.db.models import Model, QuerySet

from teams.models import Attachment
from teams.scoping import Scope

#: May the reader see the object with this id, and so the files that hang on it?
MayRead = Callable[[Scope, int], bool]
#: May the reader of the object see this one of its files?
MayReadFile = Callable[[Scope, Attachment], bool]

_OWNERS: dict[str, MayRead] = {}
_FILES: dict[str, MayReadFile] = {}


def register_owner(
    owner_type: str, may_read: MayRead, *, may_read_file: MayReadFile | None = None
) -> None:
    """owner_type: the model's lower-case label. Called from the app's `ready`.

    may_read_file: where not every reader of the object may read all of its files.
    """
    _OWNERS[owner_type] = may_read
    if may_read_file is not None:
        _FILES[owner_type] = may_read_file


def is_registered(owner_type: str) -> bool:
    return owner_type in _OWNERS


def list_attachments(owner: Model) -> QuerySet[Attachment]:
    """Files of an object, oldest first. The caller found the object through its scope."""
    return Attachment.objects.filter(
        owner_type=owner._meta.label_lower, owner_id=owner.pk, removed_at=None
    ).select_related("uploaded_by")


def list_attachments_of(
    owners: type[Model], owner_ids: Collection[int]
) -> dict[int, list[Attachment]]:
    """Files of many objects of one model by the object's id, oldest first; found as above."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    for file in Attachment.objects.filter(
        owner_type=owners._meta.label_lower, owner_id__in=owner_ids, removed_at=None
    ):
        found[file.owner_id].append(file)
    return dict(found)


def get_attachment(scope: Scope, attachment_id: int) -> Attachment:
    """Raises Attachment.DoesNotExist also for a file of an object that the reader may not see."""
    attachment = Attachment.objects.select_related("team").get(id=attachment_id, removed_at=None)
    may_read = _OWNERS.get(attachment.owner_type)
    if may_read is None or not may_read(scope, attachment.owner_id):
        raise Attachment.DoesNotExist
    may_read_file = _FILES.get(attachment.owner_type)
    if may_read_file is not None and not may_read_file(scope, attachment):
        raise Attachment.DoesNotExist
    return attachment
