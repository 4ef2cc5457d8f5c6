"""How complete race, ethnicity and language are, per team, site and period."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Sum

from measures.enums import RealCategory, RealField
from measures.models import Period, RealCount, Slice, Source
from measures.queries.results import PRIVACY_THRESHOLD
from teams.enums import Audience
from teams.models import Site, Team
from teams.scoping import Scope


@dataclass(frozen=True)
class CompletenessRow:
    """Members of a unit by what is known of one field.

    counts: category → members. For readers outside the group the counts are rounded to the nearest
    ten, so that no small count can be read off or worked out; `rounded` says so.
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
    def direct_share(self) -> float | None:
        return self.share(RealCategory.SELF_REPORTED, RealCategory.OTHER_DIRECT)

    @property
    def valid_share(self) -> float | None:
        """Known directly, or asked and declined: nobody needs to ask again."""
        return self.share(
            RealCategory.SELF_REPORTED, RealCategory.OTHER_DIRECT, RealCategory.DECLINED
        )


def list_completeness(
    scope: Scope,
    *,
    source: Source,
    period: Period | None = None,
    teams: list[Team] | None = None,
    by_site: bool = False,
) -> list[CompletenessRow]:
    """Completeness of the reader's teams, ordered by period, team, site and field: one query.

    Counts come from the submissions that hold a current slice of the team and period; where two do,
    the latest one, because a member must not count twice.
    """
    team_ids = set(scope.team_ids) if teams is None else {t.pk for t in teams} & set(scope.team_ids)
    current = Slice.objects.filter(
        is_current=True,
        source=source,
        submission=OuterRef("submission"),
        team=OuterRef("team"),
        period=OuterRef("period"),
    )
    newer = RealCount.objects.filter(
        Exists(current),
        team=OuterRef("team"),
        period=OuterRef("period"),
        submission__source=source,
        submission__gt=OuterRef("submission"),
    )
    counts = RealCount.objects.filter(
        Exists(current), ~Exists(newer), submission__source=source, team_id__in=team_ids
    )
    if period is not None:
        counts = counts.filter(period=period)
    keys = ["team_id", "period_id", "field"] + (["site_id"] if by_site else [])
    rows = counts.values(*keys, "category").annotate(members=Sum("member_count"))
    grouped: dict[tuple[int, int, str, int | None], dict[RealCategory, int]] = {}
    for row in rows:
        key = (row["team_id"], row["period_id"], row["field"], row.get("site_id"))
        grouped.setdefault(key, {})[RealCategory(row["category"])] = row["members"]
    teams_by_id = Team.objects.in_bulk({key[0] for key in grouped})
    periods_by_id = Period.objects.in_bulk({key[1] for key in grouped})
    sites_by_id = Site.objects.in_bulk({key[3] for key in grouped if key[3]}) if by_site else {}
    result = []
    for (team_id, period_id, field, site_id), members in grouped.items():
        rounded = scope.audience(team_id) == Audience.OTHERS
        if rounded:
            members = {c: round(n / 10) * 10 for c, n in members.items()}
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
        key=lambda r: (r.period.ends_on, r.team.name, r.site.name if r.site else "", order.index(r.field))
    )
    return result
