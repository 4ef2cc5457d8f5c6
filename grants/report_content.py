"""What a version of a report says, as plain data, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from grants.chain import plain_json
from grants.models import ReportVersion


def content_of(version: ReportVersion) -> dict[str, Any]:
    """What a version says, as JSON: what its hash is made of."""
    return plain_json(
        {
            "report": version.report_id,
            "version": version.number,
            "answers": version.answers,
            "comment": version.comment,
            "lines": {
                line.line_code: [f"{line.actual:.2f}", f"{line.committed:.2f}", line.variance_note]
                for line in version.lines.all()
            },
        }
    )


def content_hash(version: ReportVersion) -> str:
    text = json.dumps(content_of(version), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
