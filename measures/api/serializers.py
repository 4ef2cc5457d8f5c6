"""What the API says about sources and submissions."""

from __future__ import annotations

from rest_framework import serializers

from measures.enums import FileForm
from measures.ingest.contract import RULE_BY_CODE
from measures.models import Finding, PartialUpload, Source, Submission


class SourceSerializer(serializers.ModelSerializer[Source]):
    team = serializers.CharField(
        source="team.code",
        default=None,
        help_text="Code of the team whose own source this is; null: a payer's.",
    )

    class Meta:
        model = Source
        fields = ["code", "name", "kind", "team", "data_version"]


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    source = serializers.CharField(source="source.code")
    unmapped = serializers.JSONField(
        help_text="While a mapping is needed: column → code that means nothing yet → rows."
    )

    class Meta:
        model = Submission
        fields = [
            "id",
            "source",
            "file_name",
            "sha256",
            "byte_count",
            "form",
            "state",
            "received_at",
            "state_changed_at",
            "published_at",
            "data_version",
            "progress_done",
            "progress_total",
            "row_count",
            "accepted_count",
            "set_aside_count",
            "duplicate_count",
            "refusal_code",
            "refusal",
            "headers",
            "mapping",
            "unmapped",
            "replace_confirmed",
        ]


class UploadRequestSerializer(serializers.Serializer[object]):
    source = serializers.CharField(help_text="Code of the source.")
    file_name = serializers.CharField(max_length=255)
    byte_count = serializers.IntegerField(min_value=1, help_text="Bytes of the whole file.")


class PartialUploadSerializer(serializers.ModelSerializer[PartialUpload]):
    source = serializers.CharField(source="source.code")
    part_bytes = serializers.SerializerMethodField(help_text="A good size of a part.")

    class Meta:
        model = PartialUpload
        fields = [
            "id",
            "source",
            "file_name",
            "byte_count",
            "received_count",
            "begun_at",
            "touched_at",
            "part_bytes",
        ]

    def get_part_bytes(self, upload: PartialUpload) -> int:
        size: int = self.context["part_bytes"]
        return size


class CompletionSerializer(serializers.Serializer[object]):
    sha256 = serializers.RegexField(
        r"\A[0-9a-fA-F]{64}\Z",
        required=False,
        help_text="Of the whole file, in hex: what arrived must have the same.",
    )
    replace = serializers.BooleanField(
        required=False, help_text="Agree that current data of the same slices are replaced."
    )


class FindingSerializer(serializers.ModelSerializer[Finding]):
    text = serializers.SerializerMethodField(help_text="What the rule says.")

    class Meta:
        model = Finding
        fields = ["rule", "text", "column", "severity", "line_count", "first_lines", "first_places"]

    def get_text(self, finding: Finding) -> str:
        return RULE_BY_CODE[finding.rule].text


class MappingSerializer(serializers.Serializer[object]):
    form = serializers.ChoiceField(
        choices=FileForm.choices,
        required=False,
        help_text="What a row is, where the headers do not say it.",
    )
    columns = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()),
        required=False,
        help_text="Column of the contract → {“header”: …} or {“constant”: …}.",
    )
    values = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField(allow_blank=True)),
        required=False,
        help_text="Column of the contract → code of the file, in lower case → code of the contract.",
    )
    last_year_of_range = serializers.BooleanField(
        required=False, help_text="2017-2020 is the period 2020."
    )
    code_systems = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The sender's own code systems."
    )


class ColumnSerializer(serializers.Serializer[object]):
    name = serializers.CharField()
    required = serializers.BooleanField()
    kind = serializers.CharField()
    meaning = serializers.CharField()


class RuleSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    severity = serializers.CharField()
    text = serializers.CharField()
    advice = serializers.CharField()


class ContractSerializer(serializers.Serializer[object]):
    version = serializers.IntegerField()
    columns = ColumnSerializer(many=True, help_text="Of a file of members.")
    count_columns = ColumnSerializer(many=True, help_text="Of a file of counts.")
    rules = RuleSerializer(many=True)
