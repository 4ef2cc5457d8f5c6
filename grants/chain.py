"""The hash chain of an award's events. Pure: what a link says goes in, its hash comes out."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

#: What stands before the first link.
START = "0" * 64


def plain_json(value: Any) -> Any:
    """The value as it comes back from a JSON column: dates and amounts as text."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def link_hash(
    *,
    award_id: int,
    number: int,
    at: datetime,
    actor_id: int | None,
    roles: str,
    act: str,
    object_type: str,
    object_id: str,
    before: Any,
    after: Any,
    reason: str,
    previous_hash: str,
) -> str:
    """SHA-256 over every field of a link, hexadecimal."""
    content = [
        award_id,
        number,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        actor_id,
        roles,
        act,
        object_type,
        object_id,
        before,
        after,
        reason,
        previous_hash,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
