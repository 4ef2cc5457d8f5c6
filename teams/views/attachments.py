"""Files that hang on objects: sent to whoever may read the object."""

from __future__ import annotations

from django.http import FileResponse
from django.views.decorators.http import require_safe

from teams.actions.attachments import download_attachment
from teams.attachments import get_attachment
from teams.file_types import SHOWN_IN_PAGE
from teams.permissions import Permission, require
from teams.requests import ScopedRequest


@require(Permission.VIEW_HOME)
@require_safe
def attachment_file(request: ScopedRequest, attachment_id: int) -> FileResponse:
    """The bytes, streamed. Only pictures are shown in the browser; everything else is a download."""
    attachment = get_attachment(request.scope, attachment_id)
    path = download_attachment(attachment=attachment, by=request.user)
    response = FileResponse(
        path.open("rb"),
        content_type=attachment.content_type,
        filename=attachment.name,
        as_attachment=attachment.content_type not in SHOWN_IN_PAGE,
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
