"""Reads of awards and what belongs to them: each finds only what exists for its reader."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from grants.enums import AwardState
from grants.models import (
    ActualLine,
    Amendment,
    Award,
    AwardEvent,
    GrantReport,
    Milestone,
    ReportVersion,
    Tranche,
)
from teams.attachments import list_attachments
from teams.models import Attachment, Team
from teams.permissions import Permission
from teams.scoping import Scope

#: What a group does not see of its own awards: they are not decided yet.
_INSIDE = (
    AwardState.DRAFT,
    AwardState.SUBMITTED,
    AwardState.IN_REVIEW,
    AwardState.CHANGES_REQUESTED,
)


def visible_awards(scope: Scope) -> Q:
    """Which awards exist for a reader: all for those who run or pay grants, the own ones for a group and its
    coach, and for the group only once they were approved."""
    if scope.may(Permission.VIEW_ALL_GRANTS):
        return Q()
    if not scope.may(Permission.VIEW_GRANTS):
        return Q(pk__in=[])
    return Q(team_id__in=scope.own_team_ids) & ~Q(state__in=_INSIDE)


def may_report(scope: Scope, team_id: int) -> bool:
    """Whether the reader writes a group's reports, plans, applications and requests: its own staff only.

    Neither its coach nor its sponsor: who recommends or signs does not write what is judged.
    """
    return scope.may(Permission.REPORT_GRANTS) and team_id in scope.staff_team_ids


def list_awards(scope: Scope) -> QuerySet[Award]:
    """Awards that exist for the reader, by group."""
    return (
        Award.objects.filter(visible_awards(scope))
        .select_related("team", "fund")
        .order_by("team__name", "number")
    )


def get_award(scope: Scope, award_id: int) -> Award:
    """Raises Award.DoesNotExist also for one that does not exist for this reader."""
    return list_awards(scope).get(pk=award_id)


def _of_award(scope: Scope) -> QuerySet[Award]:
    return Award.objects.filter(visible_awards(scope)).order_by()


def get_tranche(scope: Scope, tranche_id: int) -> Tranche:
    return (
        Tranche.objects.filter(award__in=_of_award(scope))
        .select_related("award", "award__team", "award__fund")
        .prefetch_related("conditions", "approvals__by")
        .get(pk=tranche_id)
    )


def list_milestones(scope: Scope) -> QuerySet[Milestone]:
    """Conditions of the awards that exist for the reader."""
    return Milestone.objects.filter(award__in=_of_award(scope))


def get_milestone(scope: Scope, milestone_id: int) -> Milestone:
    return (
        list_milestones(scope)
        .select_related("award", "award__team", "decided_by")
        .get(pk=milestone_id)
    )


def list_reports(scope: Scope) -> QuerySet[GrantReport]:
    return GrantReport.objects.filter(award__in=_of_award(scope)).select_related(
        "award", "award__team"
    )


def get_report(scope: Scope, report_id: int) -> GrantReport:
    return list_reports(scope).get(pk=report_id)


def list_shown_versions(scope: Scope, report: GrantReport) -> QuerySet[ReportVersion]:
    """Versions of a report, newest first. What is being written is for the group, its coach and the
    programme; everybody else reads what was handed in."""
    versions = report.versions.select_related("submitted_by").order_by("-number")
    if report.award.team_id in scope.own_team_ids:
        return versions
    return versions.filter(submitted_at__isnull=False)


def list_report_files(scope: Scope, report: GrantReport) -> QuerySet[Attachment]:
    """Its files; for who reads only what was handed in those that were there then."""
    files = list_attachments(report)
    if report.award.team_id in scope.own_team_ids:
        return files
    shown = list_shown_versions(scope, report).first()
    return files.filter(uploaded_at__lte=shown.submitted_at) if shown else files.none()


def get_own_report_version(scope: Scope, version_id: int) -> ReportVersion:
    """A version of a report of the reader's own group: only its people write in it."""
    return ReportVersion.objects.select_related("report__award__team").get(
        pk=version_id,
        report__award__in=_of_award(scope),
        report__award__team__in=scope.staff_team_ids,
    )


def get_own_actual_line(scope: Scope, line_id: int) -> ActualLine:
    return ActualLine.objects.select_related("version__report__award__team").get(
        pk=line_id,
        version__report__award__in=_of_award(scope),
        version__report__award__team__in=scope.staff_team_ids,
    )


def list_amendments(scope: Scope) -> QuerySet[Amendment]:
    return Amendment.objects.filter(award__in=_of_award(scope)).select_related(
        "award", "award__team", "requested_by", "decided_by"
    )


def get_amendment(scope: Scope, amendment_id: int) -> Amendment:
    return list_amendments(scope).get(pk=amendment_id)


def list_events(award: Award) -> QuerySet[AwardEvent]:
    """The award's history, newest first. The caller found the award through its scope."""
    return award.events.select_related("actor", "award").order_by("-number")


def name_parts(award: Award) -> dict[tuple[str, str], str]:
    """What events are about, by their object's type and id: “payment 2”, “condition “Charter agreed””."""
    return {
        ("grants.award", f"{award.pk}"): "the award",
        **{
            ("grants.tranche", f"{pk}"): f"payment {number}"
            for pk, number in award.tranches.values_list("pk", "number")
        },
        **{
            ("grants.milestone", f"{pk}"): f"condition “{title}”"
            for pk, title in award.milestones.values_list("pk", "title")
        },
        **{("grants.grantreport", f"{r.pk}"): f"{r}" for r in award.reports.all()},
        **{
            ("grants.amendment", f"{pk}"): f"change {number}"
            for pk, number in award.amendments.values_list("pk", "number")
        },
    }


#: Acts of writing a report. What was typed is a draft's, whatever was handed in later.
_WRITING = ("write_financial_report", "write_narrative_report", "attach_to_report")


def reads_content(scope: Scope, event: AwardEvent) -> bool:
    """Whether the reader sees what an event says of before and after: what is being written is for the
    group, its coach and the programme, as in `list_shown_versions`."""
    return event.act not in _WRITING or event.award.team_id in scope.own_team_ids


def get_reporting_team(scope: Scope, code: str) -> Team:
    """A team of whose staff the reader is. Raises Team.DoesNotExist for any other."""
    return Team.objects.select_related("organisation").get(code=code, pk__in=scope.staff_team_ids)


def get_grant_team(scope: Scope, code: str) -> Team:
    """A team whose grants the reader may see. Raises Team.DoesNotExist for any other."""
    teams = Team.objects.select_related("organisation")
    if not scope.may(Permission.VIEW_ALL_GRANTS):
        teams = teams.filter(pk__in=scope.own_team_ids)
    return teams.get(code=code)
