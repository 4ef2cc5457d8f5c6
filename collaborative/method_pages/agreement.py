"""How far two coders of interviews agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collaborative.method_pages.page import MethodPage, number, table
from measures.stats.agreement import Agreement, cohen_kappa, pooled_kappa

#: Twenty-four excerpts, three codes: who gave which (1: given).
_FIRST = np.array([[1, 0, 0]] * 8 + [[1, 1, 0]] * 4 + [[0, 1, 0]] * 6 + [[0, 0, 0]] * 6)
_SECOND = np.array(
    [[1, 0, 0]] * 7 + [[0, 0, 0]] + [[1, 1, 0]] * 2 + [[1, 0, 0]] * 2 + [[0, 1, 0]] * 6
    + [[0, 0, 0]] * 5 + [[1, 0, 0]]
)  # fmt: skip
_NAMES = ("Coaching and community", "Money is not enough", "Patient voice, given to none")


def _row(name: str, found: Agreement) -> tuple[str, ...]:
    def shown(value: float | None) -> str:
        return "undefined" if value is None else number(value)

    limits = "none" if found.lower is None else f"{shown(found.lower)} to {shown(found.upper)}"
    return name, shown(found.observed), shown(found.expected), shown(found.kappa), limits


def _example() -> Sequence[str]:
    rows = []
    for code, name in enumerate(_NAMES):
        a, b = _FIRST[:, code] == 1, _SECOND[:, code] == 1
        counts = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        rows.append(_row(name, cohen_kappa(counts)))
    rows.append(_row("All three, pooled", pooled_kappa(_FIRST, _SECOND)))
    return [
        "Two coders, 24 excerpts, three codes of which an excerpt may have several.",
        "",
        *table(("code", "agreed", "by chance", "kappa", "95 % interval"), rows),
        "",
        "The last code was given by nobody: both agree on every excerpt, and so would chance.",
    ]


PAGES = (
    MethodPage(
        "agreement",
        "Cohen's kappa of two coders",
        "How far two people who sort the same texts agree, beyond what chance alone would give.",
        (
            "κ = (p_o - p_e) / (1 - p_e);  p_o share agreed on,  p_e = Σ p_i. p_.i share expected by chance",
            "per code: given or not given, over the excerpts that both have read; 95 % by κ ∓ 1.96 × the large-sample error",
            "all codes: p_o and p_e are averaged over the codes first; limits by leaving out one excerpt at a time",
        ),
        (
            "With one category only, p_e is 1 and kappa is undefined: never 0, and never 1.",
            "Where both agree on everything kappa is 1, and there is no interval: its formula would give no width.",
            "Rare codes have low kappas although most excerpts are agreed on; the share agreed on stands beside it.",
            "Excerpts of one interview are taken for independent; with few interviews the intervals are too narrow.",
            "No words such as “good” are put to a value: the cut-offs in use are conventions.",
        ),
        (
            "Cohen (1960), Educational and Psychological Measurement 20:37-46",
            "Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72:323-327 (error)",
            "De Vries et al. (2008), Health Services Research 43:1076-1084 (pooling)",
            "Compared in the tests with the example of the SAS/STAT user's guide: 0.3449 (0.2030 to 0.4868)",
        ),
        ("agreement.cohen_kappa", "agreement.pooled_kappa"),
        _example,
    ),
)
