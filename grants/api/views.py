"""Endpoints about grants: funds, awards with payments and conditions, movements of money, reports."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from grants.actions.reports import LineEntry, write_financial_report
from grants.api.serializers import (
    AwardDetailSerializer,
    AwardSerializer,
    FundSerializer,
    GrantReportSerializer,
    LinesSerializer,
    MovementSerializer,
)
from grants.enums import AwardState
from grants.models import Award, GrantReport, Posting
from grants.queries.awards import get_report, list_awards, list_reports
from grants.queries.money import list_fund_totals, list_movements, paid_amount, returned_amount
from teams.api.scoped import ScopedView
from teams.permissions import Permission
from teams.scoping import Scope


class FundListView(ScopedView):
    """Funds with their totals. They name no group."""

    required_permission = Permission.VIEW_GRANT_TOTALS

    @extend_schema(operation_id="grant_funds", responses=FundSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(FundSerializer(list_fund_totals(), many=True).data)


def _awards(scope: Scope) -> Any:
    return list_awards(scope).annotate(paid=paid_amount(), returned=returned_amount())


class AwardListView(ScopedView, ListAPIView[Award]):
    """Awards that you may see, by group."""

    required_permission = Permission.VIEW_GRANTS
    serializer_class = AwardSerializer

    @extend_schema(
        operation_id="grant_awards",
        parameters=[OpenApiParameter("state", str, enum=AwardState.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if request.GET.get("state", AwardState.DRAFT) not in AwardState.values:
            raise ValidationError({"state": ["Not one of " + ", ".join(AwardState.values) + "."]})
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Award.objects.none()
        awards = _awards(self.scope)
        state = self.request.GET.get("state", "")
        return awards.filter(state=state) if state else awards


class AwardView(ScopedView):
    """One award with its payments and their conditions."""

    required_permission = Permission.VIEW_GRANTS

    @extend_schema(operation_id="grant_award", responses=AwardDetailSerializer)
    def get(self, request: Request, award_id: int) -> Response:
        award = (
            _awards(self.scope)
            .prefetch_related("tranches__conditions", "milestones")
            .get(pk=award_id)
        )
        return Response(AwardDetailSerializer(award).data)


class MovementListView(ScopedView, ListAPIView[Posting]):
    """Payments, failures and returns of the awards that you may see; transfers of the payer for finance."""

    required_permission = Permission.VIEW_GRANTS
    serializer_class = MovementSerializer

    @extend_schema(operation_id="grant_movements")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Posting.objects.none()
        return list_movements(self.scope)


class GrantReportListView(ScopedView, ListAPIView[GrantReport]):
    """Reports that are due or were handed in."""

    required_permission = Permission.VIEW_GRANTS
    serializer_class = GrantReportSerializer

    @extend_schema(operation_id="grant_reports")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return GrantReport.objects.none()
        return list_reports(self.scope).order_by("due_on", "id")


class GrantReportLinesView(ScopedView):
    """Fill in the lines of a financial report that is being written. Handing it in stays with a person."""

    required_permission = Permission.REPORT_GRANTS

    @extend_schema(
        operation_id="write_grant_report", request=LinesSerializer, responses=GrantReportSerializer
    )
    def put(self, request: Request, report_id: int) -> Response:
        report = get_report(self.scope, report_id)
        form = LinesSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        newest = report.versions.order_by("-number").first()
        write_financial_report(
            report=report,
            lines={
                line["line"]: LineEntry(line["spent"], line["ordered"], line["note"])
                for line in form.validated_data["lines"]
            },
            comment=newest.comment if newest else "",
            by=request.user,
            as_of=timezone.now(),
        )
        return Response(GrantReportSerializer(report).data)
