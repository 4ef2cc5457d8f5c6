"""What every document is printed with."""

from datetime import UTC, datetime

import pytest

from teams.drawing.documents import typeset

MADE_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def template(tmp_path):
    file = tmp_path / "letter.typ"
    file.write_text(
        "#let content = json(bytes(sys.inputs.content))\n#set document(title: content.title)\n"
        "#set text(font: content.font, fallback: false)\n#title()\n"
    )
    return file


def test_document_is_the_same_for_the_same_content_and_time(template):
    content = {"title": "Año uno", "font": "Figtree"}
    printed = typeset(template, content, made_at=MADE_AT)
    assert printed == typeset(template, content, made_at=MADE_AT)
    assert printed.startswith(b"%PDF") and b"pdfuaid" in printed


def test_number_that_is_none_is_refused(template):
    with pytest.raises(ValueError, match="not JSON compliant"):
        typeset(template, {"title": float("nan")}, made_at=MADE_AT)
