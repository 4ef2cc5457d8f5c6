"""What the API says about the change package and the search: what their pages say, no more."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from learning.enums import EvidenceGrade
from learning.models import PackageVersion
from learning.queries.package import PackageView
from pdsa.enums import Decision


class PackageVersionSerializer(serializers.ModelSerializer[PackageVersion]):
    class Meta:
        model = PackageVersion
        fields = ["number", "title", "introduction", "whats_new", "state", "published_at"]


class _EffectSerializer(serializers.Serializer[Any]):
    """What the group lets others read of one of its measures."""

    measure = serializers.CharField()
    changes = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="[group of people, change in points with its 95% interval]; empty while it is too early.",
    )
    signal = serializers.CharField(allow_blank=True)
    conclusion = serializers.CharField()
    basis = serializers.CharField()
    as_of = serializers.DateField()


class _TestSerializer(serializers.Serializer[Any]):
    test_id = serializers.IntegerField(help_text="Read it at /api/v1/tests/<id>/.")
    title = serializers.CharField()
    summary = serializers.CharField()
    group = serializers.CharField(help_text="Name of the group, unless it shared without it.")
    decision = serializers.ChoiceField(Decision.choices, allow_null=True)
    afterwards = serializers.CharField(allow_null=True, help_text="What became of the change.")
    effects = _EffectSerializer(many=True)


class _IdeaSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    what = serializers.CharField()
    first_test = serializers.CharField(allow_blank=True)
    evidence_grade = serializers.ChoiceField(EvidenceGrade.choices)
    evidence = serializers.CharField(allow_blank=True)
    library_idea = serializers.CharField(allow_null=True, help_text="Code in the library.")
    tests = _TestSerializer(many=True)


class _ChapterSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    introduction = serializers.CharField(allow_blank=True)
    driver = serializers.CharField(allow_blank=True, help_text="Code of the primary driver.")
    drivers = serializers.ListField(child=serializers.CharField())
    measures = serializers.ListField(child=serializers.CharField(), help_text="Codes of measures.")
    focus = serializers.ListField(child=serializers.CharField(), help_text="Codes of strata.")
    ideas = _IdeaSerializer(many=True)


class PackageSerializer(PackageVersionSerializer):
    """A version with everything in it."""

    chapters = _ChapterSerializer(many=True, read_only=True)

    class Meta(PackageVersionSerializer.Meta):
        fields = [*PackageVersionSerializer.Meta.fields, "chapters"]

    def to_representation(self, instance: PackageView) -> dict[str, Any]:
        said = PackageVersionSerializer(instance.version).data
        chapters = [
            {
                "title": view.chapter.title,
                "introduction": view.chapter.introduction,
                "driver": view.chapter.driver,
                "drivers": view.drivers,
                "measures": view.chapter.measure_codes,
                "focus": view.chapter.focus_codes,
                "ideas": [
                    {
                        "title": item.idea.title,
                        "what": item.idea.what,
                        "first_test": item.idea.first_test,
                        "evidence_grade": item.idea.evidence_grade,
                        "evidence": item.idea.evidence,
                        "library_idea": item.library_code or None,
                        "tests": [
                            {
                                "test_id": test.cycle_id,
                                "title": test.contribution.title,
                                "summary": test.contribution.summary,
                                "group": test.group,
                                "decision": test.contribution.decision or None,
                                "afterwards": test.afterwards or None,
                                "effects": test.contribution.effects,
                            }
                            for test in item.tests
                        ],
                    }
                    for item in view.ideas
                ],
            }
            for view in instance.chapters
        ]
        return {**said, "chapters": _ChapterSerializer(chapters, many=True).data}


class FoundSerializer(serializers.Serializer[Any]):
    """One find. id: of a test, a chapter; code of a library idea."""

    kind = serializers.ChoiceField(["tests", "ideas", "chapters"])
    id = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_null=True, help_text="Of a test; its name if it chose so.")
    decision = serializers.ChoiceField(Decision.choices, allow_null=True)
