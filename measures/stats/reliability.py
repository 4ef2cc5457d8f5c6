"""When a rate rests on too few people to be reported."""

from __future__ import annotations

LEAST_DENOMINATOR = 30
"""HEDIS reports "NA" (small denominator) below this."""
