"""Files that hang on objects: what is accepted, who reads them, and that they stay as they were handed in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, ProgrammingError, transaction

from teams import attachments
from teams.actions.attachments import remove_attachment, store_attachment
from teams.attachments import list_attachments
from teams.enums import Role
from teams.errors import FileRefused, StateRefused
from teams.file_field import AttachmentField
from teams.file_store import path_of_attachment
from teams.file_types import content_type_of, plain_name
from teams.models import Attachment, AuditEvent, Team, User
from tests.factories.people import make_team, make_user, signed_in

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def office(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


# --- kinds of files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b"line,amount\r\nPersonnel,100\r\n", "text/plain"),
        ("Gespräch, señora".encode("latin-1"), "text/plain"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "spreadsheetml.sheet"),
        (office("word/document.xml"), "wordprocessingml.document"),
        (office("ppt/presentation.xml"), "presentationml.presentation"),
    ],
)
def test_type_is_worked_out_from_the_bytes(data: bytes, content_type: str) -> None:
    assert content_type_of(io.BytesIO(data)).endswith(content_type)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00\x03", "not accepted"),
        (b"\x7fELF\x02\x01", "not accepted"),
        (b"#!/bin/sh\nrm -rf x", "not accepted"),
        (b"  <!DOCTYPE html><script>x</script>", "not accepted"),
        (b"\xef\xbb\xbf<svg xmlns='x'>", "not accepted"),
        (b"<?xml version='1.0'?><svg/>", "not accepted"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old word", "password"),
        (office("xl/workbook.xml", "xl/vbaProject.bin"), "macros"),
        (office("virus.exe"), "Archives"),
        (b"PK\x03\x04 but not really", "damaged"),
    ],
)
def test_refused_kinds_say_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        content_type_of(io.BytesIO(data))


def test_form_field_refuses_by_content_whatever_the_name(settings: Any) -> None:
    field = AttachmentField()
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="not accepted"):
        field.clean(SimpleUploadedFile("report.pdf", b"<html>"))
    assert field.clean(SimpleUploadedFile("report.exe", PDF)).name == "report.exe"
    settings.ATTACHMENT_LIMIT_BYTES = 10
    with pytest.raises(ValidationError, match="larger than 10 B"):
        field.clean(SimpleUploadedFile("report.pdf", PDF))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\ann\\Budget Q1.xlsx", "Budget Q1.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_name_has_no_folders_and_no_control_characters(given: str, kept: str) -> None:
    assert plain_name(given) == kept


# --- storing and reading -----------------------------------------------------------------------------------


@pytest.fixture
def _team_files() -> Iterator[None]:
    """Teams own files here: whoever sees a team with its own eyes reads them."""
    attachments.register_owner("teams.team", lambda scope, pk: pk in scope.own_team_ids)
    yield
    del attachments._OWNERS["teams.team"]


def store(team: Team, by: User, data: bytes = PDF, name: str = "plan.pdf") -> Attachment:
    return store_attachment(
        owner=team, team=team, file=io.BytesIO(data), name=name, by=by, as_of=NOW
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_file_is_read_by_whoever_may_read_its_object_and_by_nobody_else() -> None:
    mine, other = make_team(), make_team()
    member, stranger = (
        make_user(Role.GROUP_MEMBER, team=mine),
        make_user(Role.GROUP_LEAD, team=other),
    )
    attachment = store(mine, member)
    response = signed_in(member).get(f"/files/{attachment.pk}/")
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    event = AuditEvent.objects.get(act="download_attachment")
    assert (event.actor, event.team) == (member, mine)
    assert signed_in(stranger).get(f"/files/{attachment.pk}/").status_code == 404
    assert AuditEvent.objects.filter(act="download_attachment").count() == 1


@pytest.mark.django_db
def test_file_of_an_unregistered_owner_is_read_by_nobody() -> None:
    team = make_team()
    director = make_user(Role.PROGRAMME_DIRECTOR)
    with pytest.raises(LookupError, match="registered"):
        store(team, director)
    row = Attachment.objects.create(
        owner_type="teams.team",
        owner_id=team.pk,
        sha256="0" * 64,
        byte_count=1,
        name="x",
        content_type="text/plain",
        uploaded_by=director,
    )
    assert signed_in(director).get(f"/files/{row.pk}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_pictures_are_shown_and_everything_else_is_a_download() -> None:
    team = make_team()
    member = make_user(Role.GROUP_MEMBER, team=team)
    picture = store(team, member, PNG, "board.png")
    response = signed_in(member).get(f"/files/{picture.pk}/")
    assert response["Content-Disposition"].startswith("inline")
    response.close()


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_same_bytes_are_one_attachment_of_an_object() -> None:
    team, second = make_team(), make_team()
    member = make_user(Role.GROUP_MEMBER, team=team)
    first = store(team, member)
    assert store(team, member, name="again.pdf") == first
    elsewhere = store(second, member)
    assert elsewhere != first and elsewhere.sha256 == first.sha256
    assert path_of_attachment(first.sha256).read_bytes() == PDF
    assert path_of_attachment(first.sha256).stat().st_mode & 0o077 == 0
    assert AuditEvent.objects.filter(act="store_attachment").count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_too_large_a_file_leaves_nothing_behind(settings: Any) -> None:
    team = make_team()
    settings.ATTACHMENT_LIMIT_BYTES = len(PDF) - 1
    with pytest.raises(FileRefused, match="larger"):
        store(team, make_user(Role.GROUP_MEMBER, team=team))
    assert Attachment.objects.count() == 0
    assert list(path_of_attachment("ab").parent.parent.glob("tmp*")) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_removed_file_is_gone_from_its_object_and_stays_on_record() -> None:
    team = make_team()
    member = make_user(Role.GROUP_MEMBER, team=team)
    attachment = store(team, member)
    assert list(list_attachments(team)) == [attachment]
    remove_attachment(attachment=attachment, by=member, as_of=NOW)
    assert list(list_attachments(team)) == []
    assert signed_in(member).get(f"/files/{attachment.pk}/").status_code == 404
    assert path_of_attachment(attachment.sha256).exists()
    with pytest.raises(StateRefused, match="already"):
        remove_attachment(attachment=attachment, by=member, as_of=NOW)
    assert store(team, member) != attachment


@pytest.mark.django_db
@pytest.mark.usefixtures("_team_files")
def test_database_refuses_to_change_or_delete_a_file() -> None:
    team = make_team()
    attachment = store(team, make_user(Role.GROUP_MEMBER, team=team))
    rows = Attachment.objects.filter(pk=attachment.pk)
    for act in (
        lambda: rows.update(name="other.pdf"),
        lambda: rows.update(sha256="1" * 64),
        lambda: rows.delete(),
    ):
        with pytest.raises(ProgrammingError, match="kept"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(removed_at=NOW)
