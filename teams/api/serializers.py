"""What the API says about people, teams and sites."""

from __future__ import annotations

from rest_framework import serializers

from teams.models import Membership, Site, SiteAssignment, Team


class TeamSerializer(serializers.ModelSerializer[Team]):
    organisation = serializers.CharField(source="organisation.name")

    class Meta:
        model = Team
        fields = ["code", "name", "organisation"]


class SiteAssignmentSerializer(serializers.ModelSerializer[SiteAssignment]):
    team = serializers.CharField(source="team.code")

    class Meta:
        model = SiteAssignment
        fields = ["team", "starts_on", "ends_on"]


class SiteSerializer(serializers.ModelSerializer[Site]):
    assignments = SiteAssignmentSerializer(
        source="own_assignments",
        many=True,
        help_text="Stretches in teams that you may see; the last day is included, null has no end.",
    )

    class Meta:
        model = Site
        fields = ["code", "name", "zip_code", "assignments"]


class RoleSerializer(serializers.ModelSerializer[Membership]):
    organisation = serializers.CharField(source="organisation.name")

    class Meta:
        model = Membership
        fields = ["role", "organisation", "starts_on", "ends_on"]


class MeSerializer(serializers.Serializer[object]):
    email = serializers.EmailField()
    name = serializers.CharField()
    roles = RoleSerializer(many=True, help_text="Roles that hold today.")
    permissions = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of the teams whose results you may see."
    )
    own_teams = serializers.ListField(
        child=serializers.CharField(),
        help_text="Those of them whose small numbers you may see, because you work with them.",
    )
