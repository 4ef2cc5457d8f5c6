"""Endpoints for files that arrive in parts, so that a broken line costs a part and not the file.

    POST   uploads/                 announce a file: where to begin
    HEAD   uploads/{id}/            how many bytes are here
    PATCH  uploads/{id}/            the next bytes
    POST   uploads/{id}/completion/ the file is whole: check it, make it a submission
    DELETE uploads/{id}/            give it up

The upload page uses the same endpoints as any other client.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from measures.actions.uploads import (
    PART_BYTES,
    PART_LIMIT_BYTES,
    OffsetDiffers,
    append_part,
    begin_upload,
    complete_upload,
    discard_upload,
)
from measures.api.serializers import (
    CompletionSerializer,
    PartialUploadSerializer,
    SubmissionSerializer,
    UploadRequestSerializer,
)
from measures.enums import SubmissionState
from measures.errors import FileRefused
from measures.models import PartialUpload
from measures.queries import list_own_sources, list_partial_uploads
from measures.tasks import enqueue_submission
from teams.api.scoped import ScopedView
from teams.permissions import Permission

OFFSET_HEADER = "Upload-Offset"
_OFFSET_ANSWER = OpenApiParameter(
    OFFSET_HEADER,
    int,
    OpenApiParameter.HEADER,
    response=True,
    description="Bytes of the file that are here; the next part begins there.",
)


class PartBody(BaseParser):
    """The request's body is a part of a file; one byte too many is enough to know that it is too large."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        data: bytes = stream.read(PART_LIMIT_BYTES + 1)
        return data


def _answer(upload: PartialUpload, *, status: int = 200) -> Response:
    return Response(
        PartialUploadSerializer(upload, context={"part_bytes": PART_BYTES}).data,
        status=status,
        headers={OFFSET_HEADER: str(upload.received_count)},
    )


class _UploadsView(ScopedView):
    required_permission = Permission.SUBMIT_DATA


# Each request is a few writes at the end of a body that may come slowly.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class UploadListView(_UploadsView):
    """Your unfinished uploads; POST announces a file that will come in parts."""

    @extend_schema(
        operation_id="uploads", responses=PartialUploadSerializer(many=True), filters=False
    )
    def get(self, request: Request) -> Response:
        uploads = list_partial_uploads(self.scope, request.user)
        context = {"part_bytes": PART_BYTES}
        return Response(PartialUploadSerializer(uploads, many=True, context=context).data)

    @extend_schema(
        operation_id="begin_upload",
        request=UploadRequestSerializer,
        parameters=[_OFFSET_ANSWER],
        responses={201: PartialUploadSerializer, 200: PartialUploadSerializer},
    )
    def post(self, request: Request) -> Response:
        """201: a new upload; 200: you began this file before, and it goes on where it stopped."""
        asked = UploadRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        source = list_own_sources(self.scope).filter(code=values["source"]).first()
        if source is None:
            raise ValidationError(
                {"source": ["There is no source with this code that you can send for."]}
            )
        try:
            upload, is_new = begin_upload(
                source=source,
                file_name=values["file_name"],
                byte_count=values["byte_count"],
                by=request.user,
                as_of=timezone.now(),
            )
        except FileRefused as refusal:
            raise ValidationError({"file": [str(refusal)]}) from refusal
        return _answer(upload, status=201 if is_new else 200)


class _OfUpload(_UploadsView):
    def upload(self) -> PartialUpload:
        """The reader's own upload; another's is not there."""
        found = list_partial_uploads(self.scope, self.request.user)
        return found.get(pk=self.kwargs["upload_id"])


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class UploadView(_OfUpload):
    """One unfinished upload: how much of it is here (HEAD or GET), its next part (PATCH), giving it up (DELETE)."""

    parser_classes = [PartBody]

    @extend_schema(
        operation_id="upload", parameters=[_OFFSET_ANSWER], responses=PartialUploadSerializer
    )
    def get(self, request: Request, upload_id: Any) -> Response:
        return _answer(self.upload())

    @extend_schema(
        operation_id="append_part",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(
                OFFSET_HEADER,
                int,
                OpenApiParameter.HEADER,
                required=True,
                description="Where in the file the part begins: the number of bytes received so far.",
            ),
            OpenApiParameter(
                "Content-Digest",
                str,
                OpenApiParameter.HEADER,
                description="`sha-256=:…:` (base64) of the part; checked where it is given.",
            ),
            _OFFSET_ANSWER,
        ],
        responses={200: PartialUploadSerializer, 409: OpenApiTypes.OBJECT},
    )
    def patch(self, request: Request, upload_id: Any) -> Response:
        """Add a part. 409 names the offset that is expected, when it is another one."""
        upload = self.upload()
        offset = request.headers.get(OFFSET_HEADER, "")
        if not (offset.isascii() and offset.isdigit() and len(offset) < 16):
            raise ValidationError({OFFSET_HEADER: ["Say where in the file the part begins."]})
        try:
            upload = append_part(
                upload=upload,
                offset=int(offset),
                data=request.data,
                sha256=_digest(request.headers.get("Content-Digest", "")),
                by=request.user,
                as_of=timezone.now(),
            )
        except OffsetDiffers as refusal:
            return Response(
                {"error": "offset_differs", "detail": str(refusal), "received_count": refusal.received_count},
                status=409,
                headers={OFFSET_HEADER: str(refusal.received_count)},
            )  # fmt: skip
        except FileRefused as refusal:
            raise ValidationError({"part": [str(refusal)]}) from refusal
        return _answer(upload)

    @extend_schema(operation_id="discard_upload", request=None, responses={204: None})
    def delete(self, request: Request, upload_id: Any) -> Response:
        discard_upload(upload=self.upload(), by=request.user)
        return Response(status=204)


def _digest(header: str) -> bytes | None:
    """SHA-256 of a Content-Digest header, None without one. Source: RFC 9530."""
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                return base64.b64decode(value.strip(":"), validate=True)
            except binascii.Error:
                raise ValidationError({"Content-Digest": ["This is not base64."]}) from None
    return None


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class UploadCompletionView(_OfUpload):
    """The file is whole: it is checked against its SHA-256 and becomes a submission."""

    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="complete_upload",
        request=CompletionSerializer,
        responses={201: SubmissionSerializer, 200: SubmissionSerializer},
    )
    def post(self, request: Request, upload_id: Any) -> Response:
        """201: a new submission; 200: this file was sent before."""
        upload = self.upload()
        asked = CompletionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            submission = complete_upload(
                upload=upload,
                sha256=asked.validated_data.get("sha256", ""),
                by=request.user,
                as_of=timezone.now(),
                replace_confirmed=asked.validated_data.get("replace", False),
            )
        except FileRefused as refusal:
            raise ValidationError({"file": [str(refusal)]}) from refusal
        enqueue_submission(submission.pk)
        is_new = submission.state == SubmissionState.RECEIVED
        return Response(SubmissionSerializer(submission).data, status=201 if is_new else 200)
