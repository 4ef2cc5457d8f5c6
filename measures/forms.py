"""Forms of the data pages: upload a file, map its columns and codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from measures.enums import FileForm
from measures.errors import FileRefused
from measures.ingest.codes import Reference
from measures.ingest.contract import BY_NAME_OF, COLUMNS_OF, Column
from measures.ingest.mapping import (
    apply_mapping,
    check_mapping,
    form_of,
    missing_columns,
    suggest_columns,
    suggest_value,
)
from measures.ingest.store import IncomingFile
from measures.models import Source, Submission
from measures.queries import list_own_sources
from teams.scoping import Scope


class IncomingUpload(UploadedFile):
    """An uploaded file that already lies in the store's antechamber."""

    def __init__(self, incoming: IncomingFile, name: str) -> None:
        super().__init__(None, name, "application/octet-stream", incoming.byte_count)
        self.incoming = incoming


class StoreUploadHandler(FileUploadHandler):
    """Writes the upload into the file store while it arrives, so that a large file is written once."""

    chunk_size = 1024**2

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.incoming: IncomingFile | None = None
        self.refusal: FileRefused | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.incoming is not None:
            # One file at a time: a second one is not even looked at.
            raise StopUpload(connection_reset=True)
        self.incoming = IncomingFile()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self.incoming is not None
        try:
            self.incoming.write(raw_data)
        except FileRefused as refusal:
            self.refusal = refusal
            raise StopUpload(connection_reset=False) from refusal

    def file_complete(self, file_size: int) -> IncomingUpload | None:
        assert self.incoming is not None
        return IncomingUpload(self.incoming, self.file_name or "file")

    def discard(self) -> None:
        """Remove what arrived, unless it was kept."""
        if self.incoming is not None:
            self.incoming.__exit__(None, None, None)


class UploadForm(forms.Form):
    source = forms.ModelChoiceField(Source.objects.none(), label="Data of", empty_label=None)
    file = forms.FileField(
        label="File", allow_empty_file=True, error_messages={"required": "Choose a file first."}
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sources = list_own_sources(scope)
        self.fields["source"].queryset = sources  # type: ignore[attr-defined]
        if len(sources) == 1:
            self.fields["source"].initial = sources[0]


_NOT_GIVEN, _CONSTANT = "", "constant"
_ASIDE, _EMPTY = "", "(empty)"


class MappingForm(forms.Form):
    """Says where each column of the contract comes from, and what the file's own codes mean."""

    last_year_of_range = forms.BooleanField(
        required=False,
        label="A period such as 2017-2020 is its last year",
        help_text="For files that name a range of years.",
    )

    def __init__(
        self,
        *args: Any,
        submission: Submission,
        reference: Reference,
        form: FileForm,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.submission = submission
        self.form = form
        self.columns = COLUMNS_OF[form]
        self._by_name = BY_NAME_OF[form]
        # What was saved for the other form says nothing about this one.
        self._saved: dict[str, Any] = submission.mapping if submission.form == form else {}
        self._value_names: dict[str, tuple[str, str]] = {}
        self._add_columns(reference)
        self._add_values(reference)
        self.fields["last_year_of_range"].initial = bool(self._saved.get("last_year_of_range"))

    def _add_columns(self, reference: Reference) -> None:
        headers = [h for h in self.submission.headers if h]
        suggested = {} if self._saved else suggest_columns(headers, self.form)
        by_name = {h.strip().lower(): h for h in headers}
        for column in self.columns:
            choices = [(_NOT_GIVEN, "Not in this file"), *((f"={h}", h) for h in headers)]
            if not column.personal:
                choices.insert(1, (_CONSTANT, "The same in every row"))
            field = forms.ChoiceField(choices=choices, required=False, label=column.name)
            field.help_text = column.meaning
            field.is_needed = self.is_needed(column.name)  # type: ignore[attr-defined]
            saved = self._saved.get("columns", {}).get(column.name)
            if saved is not None:
                field.initial = _CONSTANT if "constant" in saved else f"={saved.get('header', '')}"
            elif column.name in suggested:
                field.initial = f"={suggested[column.name]}"
            elif column.name in by_name:
                field.initial = f"={by_name[column.name]}"
            self.fields[f"column_{column.name}"] = field
            if not column.personal:
                constant = forms.CharField(
                    required=False, max_length=80, label=f"{column.name}: the value of every row"
                )
                constant.initial = (saved or {}).get("constant", "")
                self.fields[f"constant_{column.name}"] = constant

    def _add_values(self, reference: Reference) -> None:
        unmapped = self.submission.unmapped if self.submission.form == self.form else {}
        for name, texts in unmapped.items():
            known = {} if name == "period" else reference.known_codes(name)
            for position, text in enumerate(texts):
                field_name = f"value_{name}_{position}"
                guess = suggest_value(name, text, known)
                field: forms.Field
                if name == "period":
                    field = forms.CharField(required=False, max_length=10)
                else:
                    choices = [(_ASIDE, "Set these rows aside")]
                    if not self._by_name[name].required:
                        choices.append((_EMPTY, "Treat as empty"))
                    field = forms.ChoiceField(choices=[*choices, *known.items()], required=False)
                field.label = f"{name}: {text or '(empty)'}"
                field.initial = guess
                self.fields[field_name] = field
                self._value_names[field_name] = (name, text)

    @property
    def other_form(self) -> FileForm | None:
        """What a row could be instead; None where the headers leave no doubt."""
        headers = self.submission.headers
        as_named = apply_mapping(headers, {"form": form_of(headers, {})})
        if not missing_columns(as_named, source_has_team=True):
            return None
        return FileForm.MEMBERS if self.form == FileForm.COUNTS else FileForm.COUNTS

    def is_needed(self, name: str) -> bool:
        """Whether the file cannot do without this column."""
        return self._by_name[name].required or (
            name == "group_id" and self.submission.source.team_id is None
        )

    @property
    def needed_columns(self) -> list[tuple[Column, Any, Any]]:
        """(column, its field, field of its constant) that must be fed, or are fed or suggested."""
        return [row for row in self._columns() if self._is_needed(row)]

    @property
    def further_columns(self) -> list[tuple[Column, Any, Any]]:
        return [row for row in self._columns() if not self._is_needed(row)]

    def _is_needed(self, row: tuple[Column, Any, Any]) -> bool:
        column, field, _ = row
        return self.is_needed(column.name) or bool(field.value())

    def _columns(self) -> list[tuple[Column, Any, Any]]:
        return [
            (
                column,
                self[f"column_{column.name}"],
                None if column.personal else self[f"constant_{column.name}"],
            )
            for column in self.columns
        ]

    @property
    def value_groups(self) -> list[tuple[Column, list[tuple[str, int, Any]]]]:
        """(column, [(text of the file, rows, field)]) of codes that mean nothing yet."""
        groups: dict[str, list[tuple[str, int, Any]]] = {}
        for field_name, (name, text) in self._value_names.items():
            rows = self.submission.unmapped[name][text]
            groups.setdefault(name, []).append((text, rows, self[field_name]))
        return [(self._by_name[name], fields) for name, fields in groups.items()]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        columns: dict[str, dict[str, str]] = {}
        for column in self.columns:
            choice = cleaned.get(f"column_{column.name}", "")
            if choice == _CONSTANT:
                constant = cleaned.get(f"constant_{column.name}", "").strip()
                if not constant:
                    self.add_error(f"constant_{column.name}", "Write the value that every row has.")
                columns[column.name] = {"constant": constant}
            elif choice:
                columns[column.name] = {"header": choice[1:]}
            elif column.name in {h.strip().lower() for h in self.submission.headers}:
                # The header is called as in the contract, and yet it is not wanted.
                columns[column.name] = {}
        for column in self.columns:
            if self.is_needed(column.name) and not columns.get(column.name):
                self.add_error(
                    f"column_{column.name}", "Every file needs this: choose a column or a value."
                )
        values = {
            name: dict(pairs)
            for name, pairs in self._saved.get("values", {}).items()
            if columns.get(name) == self._saved.get("columns", {}).get(name, columns.get(name))
        }
        for field_name, (name, text) in self._value_names.items():
            choice = cleaned.get(field_name, "").strip()
            if choice:
                values.setdefault(name, {})[text] = "" if choice == _EMPTY else choice
        mapping: dict[str, Any] = {"form": self.form.value, "columns": columns, "values": values}
        if cleaned.get("last_year_of_range"):
            mapping["last_year_of_range"] = True
        if systems := self._saved.get("code_systems"):
            mapping["code_systems"] = systems
        try:
            check_mapping(mapping)
        except FileRefused as refusal:
            self.add_error(None, str(refusal))
        cleaned["mapping"] = mapping
        return cleaned
