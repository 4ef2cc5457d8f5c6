"""How complete race, ethnicity and language are, per team, site and period."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from measures.enums import FileForm, RealCategory, RealField
from measures.models import Period, RealCount, Slice, Source
from measures.queries.results import PRIVACY_THRESHOLD
from measures.stats.rounding import published_members
from teams.enums import Audience
from teams.models import Site, Team
from teams.scoping import Scope


@dataclass(frozen=True)
class CompletenessRow:
    """Members of a unit by what is known of one field.

    counts: category → members. For readers outside the group the counts are rounded to the nearest
    ten, upwards below ten, so that no small count can be read off or worked out; `rounded` says so.
    Shares are counts / eligible, 0–1, None without members.
    """

    team: Team
    site: Site | None
    period: Period
    field: RealField
    counts: dict[RealCategory, int]
    rounded: bool

    @property
    def eligible(self) -> int:
        return sum(self.counts.values())

    def share(self, *categories: RealCategory) -> float | None:
        if not self.eligible:
            return None
        return sum(self.counts.get(category, 0) for category in categories) / self.eligible

    @property
    def answered_share(self) -> float | None:
        """Self-reported by the person. Imputed is never counted as known."""
        return self.share(RealCategory.SELF_REPORTED)

    @property
    def asked_share(self) -> float | None:
        """Who answered or declined was asked; of everybody else nobody can say it."""
        return self.share(RealCategory.SELF_REPORTED, RealCategory.DECLINED)

    @property
    def direct_share(self) -> float | None:
        return self.share(RealCategory.SELF_REPORTED, RealCategory.OTHER_DIRECT)


def list_completeness(
    scope: Scope,
    *,
    source: Source,
    period: Period | None = None,
    teams: list[Team] | None = None,
    by_site: bool = False,
) -> list[CompletenessRow]:
    """Completeness of the reader's teams, ordered by period, team, site and field.

    Counts come from one submission per team and period, because a member must not count twice: the
    one that holds most of the current slices (a correction of one measure knows only that measure's
    members), of several such the latest.
    """
    team_ids = set(scope.team_ids) if teams is None else {t.pk for t in teams} & set(scope.team_ids)
    # Counts know no members, so they say nothing here.
    slices = Slice.objects.filter(
        is_current=True,
        source=source,
        team_id__in=team_ids,
        submission__form=FileForm.MEMBERS,
    )
    if period is not None:
        slices = slices.filter(period=period)
    holders: dict[tuple[int, int], tuple[int, int]] = {}
    held = slices.order_by().values_list("team_id", "period_id", "submission_id")
    for team_id, period_id, submission_id, count in held.annotate(Count("pk")):
        best = holders.get((team_id, period_id), (0, 0))
        holders[team_id, period_id] = max(best, (count, submission_id))
    keys = ["team_id", "period_id", "field"] + (["site_id"] if by_site else [])
    rows = (
        RealCount.objects.filter(
            submission_id__in={submission_id for _, submission_id in holders.values()},
            team_id__in=team_ids,
        )
        .values(*keys, "submission_id", "category")
        .annotate(members=Sum("member_count"))
    )
    grouped: dict[tuple[int, int, str, int | None], dict[RealCategory, int]] = {}
    for row in rows:
        if holders.get((row["team_id"], row["period_id"]), (0, 0))[1] != row["submission_id"]:
            continue
        key = (row["team_id"], row["period_id"], row["field"], row.get("site_id"))
        grouped.setdefault(key, {})[RealCategory(row["category"])] = row["members"]
    teams_by_id = Team.objects.in_bulk({key[0] for key in grouped})
    periods_by_id = Period.objects.in_bulk({key[1] for key in grouped})
    sites_by_id = Site.objects.in_bulk({key[3] for key in grouped if key[3]}) if by_site else {}
    result = []
    for (team_id, period_id, field, site_id), members in grouped.items():
        rounded = scope.audience(team_id) == Audience.OTHERS
        if rounded:
            members = {c: published_members(n) for c, n in members.items()}
            if sum(members.values()) < PRIVACY_THRESHOLD:
                continue
        result.append(
            CompletenessRow(
                team=teams_by_id[team_id],
                site=sites_by_id.get(site_id) if site_id else None,
                period=periods_by_id[period_id],
                field=RealField(field),
                counts=members,
                rounded=rounded,
            )
        )
    order = list(RealField)
    result.sort(
        key=lambda r: (
            r.period.ends_on,
            r.team.name,
            r.site.name if r.site else "",
            order.index(r.field),
        )
    )
    return result
