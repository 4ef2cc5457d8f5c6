"""Endpoints about sources and submissions: send a file, follow it, read its findings."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import FileResponse, Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from measures.actions.submissions import (
    confirm_replacement,
    download_findings,
    receive_submission,
    save_mapping,
    withdraw_submission,
)
from measures.api.serializers import (
    ContractSerializer,
    FindingSerializer,
    MappingSerializer,
    SourceSerializer,
    SubmissionSerializer,
)
from measures.enums import SubmissionState
from measures.errors import FileRefused
from measures.ingest.contract import COLUMNS, CONTRACT_VERSION, COUNT_COLUMNS, RULES
from measures.ingest.store import IncomingFile
from measures.models import Finding, Source, Submission
from measures.queries import (
    get_submission,
    list_findings,
    list_own_sources,
    list_submissions,
)
from measures.tasks import enqueue_submission
from teams.api.scoped import ScopedView
from teams.permissions import Permission

_PIECE = 1024**2


class FileBody(BaseParser):
    """The request's body is the file. It goes into the store while it arrives."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> IncomingFile:
        incoming = IncomingFile()
        try:
            while data := stream.read(_PIECE):
                incoming.write(data)
        except BaseException:
            incoming.discard()
            raise
        return incoming


class SourceListView(ScopedView, ListAPIView[Source]):
    """Sources that you can send data for."""

    required_permission = Permission.SUBMIT_DATA
    serializer_class = SourceSerializer

    def get_queryset(self) -> Any:
        return list_own_sources(self.scope)


class ContractView(ScopedView):
    """The contract of a file of results: its columns, and the rules that rows are checked by."""

    required_permission = Permission.VIEW_SUBMISSIONS

    @extend_schema(responses=ContractSerializer, operation_id="contract")
    def get(self, request: Request) -> Response:
        contract = {
            "version": CONTRACT_VERSION,
            "columns": COLUMNS,
            "count_columns": COUNT_COLUMNS,
            "rules": RULES,
        }
        return Response(ContractSerializer(contract).data)


# A transaction must not stay open while a large file arrives.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class SubmissionListView(ScopedView, ListAPIView[Submission]):
    """Submissions of your organisation, latest first; POST sends a file."""

    serializer_class = SubmissionSerializer
    parser_classes = [FileBody]

    @property
    def required_permission(self) -> Permission:
        return (
            Permission.SUBMIT_DATA if self.request.method == "POST" else Permission.VIEW_SUBMISSIONS
        )

    def get_queryset(self) -> Any:
        return list_submissions(self.scope)

    @extend_schema(
        operation_id="send_submission",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter("source", str, required=True, description="Code of the source."),
            OpenApiParameter(
                "file_name", str, description="Name to show; the content decides what it is."
            ),
            OpenApiParameter(
                "replace",
                bool,
                description="Agree that current data of the same slices are replaced.",
            ),
        ],
        responses={201: SubmissionSerializer, 200: SubmissionSerializer},
    )
    def post(self, request: Request) -> Response:
        """The body is the file itself. 201: a new submission; 200: this file was sent before."""
        code = request.query_params.get("source", "")
        source = list_own_sources(self.scope).filter(code=code).first()
        if source is None:
            raise ValidationError(
                {"source": ["There is no source with this code that you can send for."]}
            )
        try:
            with request.data as incoming, transaction.atomic():
                submission = receive_submission(
                    source=source,
                    file=incoming.keep(),
                    file_name=request.query_params.get("file_name", "") or "API upload",
                    by=request.user,
                    as_of=timezone.now(),
                    replace_confirmed=request.query_params.get("replace", "").lower()
                    in {"1", "true", "yes"},
                )
                enqueue_submission(submission.pk)
        except FileRefused as refusal:
            raise ValidationError({"file": [str(refusal)]}) from refusal
        is_new = submission.state == SubmissionState.RECEIVED
        return Response(SubmissionSerializer(submission).data, status=201 if is_new else 200)


class _OfSubmission(ScopedView):
    def submission(self) -> Submission:
        return get_submission(self.scope, self.kwargs["submission_id"])


class SubmissionView(_OfSubmission):
    """One submission: where it stands, how far the work has come, and what was counted."""

    required_permission = Permission.VIEW_SUBMISSIONS

    @extend_schema(responses=SubmissionSerializer, operation_id="submission")
    def get(self, request: Request, submission_id: int) -> Response:
        return Response(SubmissionSerializer(self.submission()).data)


class SubmissionMappingView(_OfSubmission):
    """Say which column is which and what the file's codes mean; remembered for these columns."""

    required_permission = Permission.SUBMIT_DATA

    @extend_schema(
        request=MappingSerializer, responses=SubmissionSerializer, operation_id="map_submission"
    )
    def put(self, request: Request, submission_id: int) -> Response:
        mapping = MappingSerializer(data=request.data)
        mapping.is_valid(raise_exception=True)
        try:
            submission = save_mapping(
                submission=self.submission(),
                mapping=mapping.validated_data,
                by=request.user,
                as_of=timezone.now(),
            )
        except FileRefused as refusal:
            raise ValidationError({"mapping": [str(refusal)]}) from refusal
        enqueue_submission(submission.pk)
        return Response(SubmissionSerializer(submission).data)


class SubmissionConfirmationView(_OfSubmission):
    """Agree that the submission replaces current data."""

    required_permission = Permission.PUBLISH_DATA

    @extend_schema(request=None, responses=SubmissionSerializer, operation_id="confirm_submission")
    def post(self, request: Request, submission_id: int) -> Response:
        submission = confirm_replacement(
            submission=self.submission(), by=request.user, as_of=timezone.now()
        )
        enqueue_submission(submission.pk)
        return Response(SubmissionSerializer(submission).data)


class SubmissionWithdrawalView(_OfSubmission):
    """Take back a submission that is not published: its file and everything made of it are deleted."""

    required_permission = Permission.SUBMIT_DATA

    @extend_schema(request=None, responses=SubmissionSerializer, operation_id="withdraw_submission")
    def post(self, request: Request, submission_id: int) -> Response:
        submission = withdraw_submission(
            submission=self.submission(), by=request.user, as_of=timezone.now()
        )
        return Response(SubmissionSerializer(submission).data)


class FindingListView(_OfSubmission, ListAPIView[Finding]):
    """What was found in a submission, by rule and column: how many rows, and the first lines."""

    required_permission = Permission.VIEW_SUBMISSIONS
    serializer_class = FindingSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Finding.objects.none()
        return list_findings(self.submission())


class FindingFileView(_OfSubmission):
    """Every finding as CSV: line, column, rule and severity, never a value."""

    required_permission = Permission.VIEW_SUBMISSIONS

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY}, operation_id="findings_file")
    def get(self, request: Request, submission_id: int) -> FileResponse:
        submission = self.submission()
        path = download_findings(submission=submission, by=request.user)
        if path is None:
            raise Http404
        response = FileResponse(
            path.open("rb"),
            content_type="text/csv; charset=utf-8",
            filename=f"findings-{submission.pk}.csv",
            as_attachment=True,
        )
        response["Content-Encoding"] = "gzip"
        return response
