"""A form field for one attachment, which refuses a file before anything is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from teams.errors import FileRefused
from teams.file_store import check_size
from teams.file_types import ACCEPTED, content_type_of


class AttachmentField(forms.FileField):
    """Give the page's form `enctype="multipart/form-data"`; hand `cleaned_data[…]` to `store_attachment`."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "File")
        options.setdefault("help_text", f"{ACCEPTED}.")
        options["allow_empty_file"] = True  # the refusal below says it in our words
        super().__init__(**options)
        self.error_messages["required"] = "Choose a file first."

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if isinstance(file, UploadedFile):
            try:
                check_size(file.size or 0)
                content_type_of(file)  # type: ignore[arg-type]
            except FileRefused as refusal:
                raise ValidationError(str(refusal)) from refusal
        return file
