"""Changes the statistics in small ways and looks whether a test notices: mutation testing.

script/mutate.py [--seconds N] [--each N] [MODULE…]

Every module of measures/stats is changed in one place at a time (a sign, a comparison, a number, a
"lowest" for a "highest"), and the test files that import it are run until one fails, each in a child
process, the quickest first. A change that no test notices survives: either a test is missing, or the
change makes no difference. Those of the second kind are listed with the reason in
tests/measures/stats/accepted_mutants.txt. Ends with an error if fewer than 9 of 10 are noticed.

Within the time given as many changes as fit are tried, spread evenly over the modules and the same
ones every time. Nothing of the working tree is touched.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import math
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parent.parent
STATS = REPOSITORY / "measures" / "stats"
TESTS = REPOSITORY / "tests" / "measures" / "stats"
ACCEPTED = TESTS / "accepted_mutants.txt"

LEAST_SCORE = 0.9
NOT_HERE = ("registry", "states")  # texts and names
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
NAMES = {
    "minimum": "maximum",
    "maximum": "minimum",
    "argmax": "argmin",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
    "lower": "upper",
    "upper": "lower",
}


@dataclass(frozen=True)
class Mutant:
    module: str
    function: str
    before: str
    after: str
    line: int
    source: str

    @property
    def key(self) -> str:
        return f"{self.module}.{self.function}: {self.before} -> {self.after}"


def mutants_of(path: Path, module: str) -> Iterator[Mutant]:
    """Every mutant of a file. Annotations, messages and decorators stay as they are."""
    text = path.read_text(encoding="utf-8")
    for at in range(len(list(_sites(ast.parse(text))))):
        tree = ast.parse(text)
        shown, change, function = list(_sites(tree))[at]
        before = ast.unparse(shown)
        change()
        ast.fix_missing_locations(tree)
        yield Mutant(module, function, before, ast.unparse(shown), shown.lineno, ast.unparse(tree))


def _sites(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, Callable[[], None], str]]:
    """What to show (the changed expression in the one around it), how to change it, where it is."""

    def walk(
        node: ast.AST, around: ast.expr | ast.stmt | None, function: str
    ) -> Iterator[tuple[ast.expr | ast.stmt, Callable[[], None], str]]:
        if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            return
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
            return
        if isinstance(node, ast.expr):
            for change in _changes(node):
                yield around or node, change, function
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            function = node.name
        if isinstance(node, ast.expr | ast.Assign | ast.AugAssign | ast.Return):
            around = node
        elif isinstance(node, ast.stmt):
            around = None
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, around, function)

    yield from walk(tree, None, "module")


def _changes(node: ast.expr) -> Iterator[Callable[[], None]]:
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OPERATORS:
        yield lambda: setattr(node, "op", OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield lambda: node.ops.__setitem__(0, OPERATORS[type(node.ops[0])]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
        other = ast.UAdd() if isinstance(node.op, ast.USub) else None
        if other is not None:
            yield lambda: setattr(node, "op", other)
        elif isinstance(node.op, ast.Invert):  # ~~mask: the mask itself
            yield lambda: setattr(node, "operand", ast.UnaryOp(ast.Invert(), node.operand))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda: setattr(node, "value", node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda: setattr(node, "value", not node.value)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda: setattr(node, "attr", NAMES[node.attr])


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out the changed source of one module."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = f"measures.stats.{mutant.module}"

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self.mutant.source, f"<{self.name}>", "exec")
        exec(code, module.__dict__)  # noqa: S102  # our own file with one change


def tests_of(module: str) -> list[str]:
    """Test files that import a module or the package it is in, and nothing that needs Django's settings."""
    whole = re.escape(module.rpartition(".")[0] or module)
    imported = re.compile(
        rf"from measures\.stats\.{whole}(\.\w+)* import"
        rf"|from measures\.stats import [^\n]*\b{whole}\b"
    )
    needs_settings = re.compile(r"^from measures\.(?!stats)", re.MULTILINE)
    texts = {str(path): path.read_text() for path in sorted(TESTS.rglob("test_*.py"))}
    return [
        path
        for path, text in texts.items()
        if imported.search(text) and not needs_settings.search(text)
    ]


def run_tests(mutant: Mutant | None, tests: str, limit: float) -> tuple[bool, float]:
    """Whether a file's tests pass in a child process, and seconds. One without end counts as failed."""
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        code = 1
        try:
            import pytest

            if mutant is not None:
                sys.meta_path.insert(0, _Changed(mutant))
            code = pytest.main(
                ["-x", "-q", "-c", os.devnull, "--rootdir", str(REPOSITORY), "--confcutdir", str(TESTS),
                 "--import-mode=importlib", "-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider",
                 "-o", "markers=heavy: minutes\nlong: seconds", "-m", "not heavy", "-p", "no:django", "-p", "no:randomly", "-p", "no:xdist", tests]
            )  # fmt: skip
        finally:
            os._exit(int(code))
    while time.monotonic() - start < limit:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0, time.monotonic() - start
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False, time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=900.0, help="when to stop (900)")
    parser.add_argument("--each", type=int, default=1_000_000, help="most changes per module")
    parser.add_argument("modules", nargs="*", help="names below measures.stats; all if not given")
    options = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY))
    os.chdir(REPOSITORY)
    prepare()

    names = options.modules or [
        ".".join(path.relative_to(STATS).with_suffix("").parts)
        for path in sorted(STATS.rglob("*.py"))
        if path.stem not in ("__init__", *NOT_HERE)
    ]
    accepted = read_accepted()
    known: set[str] = set()
    unusable: list[str] = []
    waiting: dict[str, list[Mutant]] = {}
    seconds: dict[str, float] = {}
    tests: dict[str, list[str]] = {}
    for name in names:
        found = list(mutants_of(STATS / (name.replace(".", "/") + ".py"), name))
        random.Random(name).shuffle(found)
        known |= {mutant.key for mutant in found}
        if not found:
            continue
        tests[name] = tests_of(name)
        for file in tests[name]:
            if file not in seconds:
                passed, taken = run_tests(None, file, 600.0)
                seconds[file] = taken if passed else math.inf
        if not tests[name] or math.inf in (seconds[file] for file in tests[name]):
            print(f"{name}: no tests, or they fail without any change.", flush=True)
            unusable.append(name)
            continue
        tests[name].sort(key=seconds.__getitem__)
        waiting[name] = [mutant for mutant in found if mutant.key not in accepted][: options.each]

    forgotten = accepted - known if not options.modules else set()
    for key in sorted(forgotten):
        print(f"{ACCEPTED.name} names a change that is none any more: {key}")

    end = time.monotonic() + options.seconds
    total = {name: len(found) for name, found in waiting.items()}
    tried = dict.fromkeys(waiting, 0)
    survived: list[Mutant] = []
    while any(waiting.values()) and time.monotonic() < end:
        for name, left in waiting.items():
            if left and time.monotonic() < end:
                mutant = left.pop()
                tried[name] += 1
                if all(run_tests(mutant, file, 5 + 5 * seconds[file])[0] for file in tests[name]):
                    survived.append(mutant)
                    print(f"survived: line {mutant.line}, {mutant.key}", flush=True)
    alive = {name: sum(mutant.module == name for mutant in survived) for name in waiting}
    print(f"\n{'module':24} {'changes':>8} {'tried':>6} {'noticed':>8}")
    for name in waiting:
        print(f"{name:24} {total[name]:8} {tried[name]:6} {tried[name] - alive[name]:8}")
    score = 1.0 - len(survived) / max(sum(tried.values()), 1)
    print(f"{sum(tried.values())} of {sum(total.values())} changes tried, {score:.1%} noticed.")
    return 0 if score >= LEAST_SCORE and not forgotten and not unusable else 1


def prepare() -> None:
    """Loads what every child needs, and makes pytest quick and Hypothesis quick and repeatable."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import scipy.optimize
    import scipy.stats  # noqa: F401
    from hypothesis import Phase, settings

    settings.register_profile(
        "mutation",
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=30,
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutation")


def read_accepted() -> set[str]:
    """Lines of the list that are neither empty nor a comment."""
    if not ACCEPTED.exists():
        return set()
    lines = (line.strip() for line in ACCEPTED.read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


if __name__ == "__main__":
    sys.exit(main())
