"""Files to take away."""

from teams.views.downloads import download, stream_csv


def test_ending_of_the_name_says_what_the_file_is():
    response = download(b"%PDF-1.7", "charter-7.pdf")
    assert response.content == b"%PDF-1.7"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="charter-7.pdf"'


def test_long_table_is_sent_row_by_row():
    response = stream_csv(["who", "note"], iter([("Ana", "=1+1")]), "audit-2026-03-02.csv")
    assert response.streaming
    assert b"".join(response).decode("utf-8-sig") == "who,note\r\nAna,'=1+1\r\n"
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="audit-2026-03-02.csv"'
