"""The audit of pinned packages: what it asks about, and what it makes of the answers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "script" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(name: str, *holes: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1.0",
        "vulns": [{"id": hole, "fix_versions": ["1.1"]} for hole in holes],
    } | more


def test_everything_pinned_is_asked_about(audit: ModuleType) -> None:
    names = audit.pinned_names(audit.PROJECT / name for name in audit.FILES)
    assert {"django", "django-allauth", "pytest", "boolean-py", "celery"} <= names
    lines = [
        line
        for name in audit.FILES
        for line in (audit.PROJECT / name).read_text().splitlines()
        if "==" in line and not line.startswith("#")
    ]
    assert len(names) == len(lines)


def test_names_are_compared_as_the_index_does(audit: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("# c==1\nA_b.C[x,y]==1.0  # why\n-r other.txt\nplain==2\n")
    assert audit.pinned_names([file]) == {"a-b-c", "plain"}
    code, _ = audit.verdict({"a-b-c"}, [answer("A.b_c")])
    assert code == audit.CLEAN


@pytest.mark.parametrize(
    ("answers", "code", "says"),
    [
        ([answer("one"), answer("two")], 0, "No known hole"),
        ([answer("one", "CVE-1"), answer("two")], 1, "CVE-1, mended in 1.1"),
        # A hole is a hole, whatever else could not be asked.
        ([answer("one", "CVE-1")], 1, "NOT AUDITED: 1 packages (two)"),
        ([answer("one")], 75, "NOT AUDITED: 1 packages (two)"),
        ([], 75, "0 of 2 pinned packages were looked up"),
        (
            [answer("one", skip_reason="not found"), answer("two", skip_reason="not found")],
            75,
            "NOT AUDITED",
        ),
    ],
)
def test_nothing_passes_that_was_not_asked(
    audit: ModuleType, answers: list[dict[str, Any]], code: int, says: str
) -> None:
    found, lines = audit.verdict({"one", "two"}, answers)
    assert found == code
    assert says in "\n".join(lines)
    assert (code == 0) == ("No known hole in any of them." in lines)
