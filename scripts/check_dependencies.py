#!/usr/bin/env python3
"""Fails on an arrow that the architecture does not have, on std in the filter, on I/O or clocks in
sensors and calibration. Reads the workspace's own packages only."""

import json
import pathlib
import re
import subprocess
import sys

ALLOWED = {
    "wayfix-filter": set(),
    "wayfix-sensors": {"wayfix-filter"},
    "wayfix-calibration": {"wayfix-filter", "wayfix-sensors"},
    "wayfix": {"wayfix-filter", "wayfix-sensors", "wayfix-calibration"},
    "wayfix-datasets": {"wayfix", "wayfix-calibration", "wayfix-filter", "wayfix-sensors"},
}
# All that an embedder has to trust; serde only where its feature is asked for.
FILTER_MAY_USE = {"nalgebra", "statrs", "arrayvec", "libm", "serde"}
FORBIDDEN = {
    "filter": r"\bstd::|\bextern crate (std|alloc)\b|\balloc::",
    # Feature `smoother` keeps what happened, which takes memory and a lock, and nothing else of std.
    "filter/src/smoother": r"\bstd::(?!sync\b|vec\b|boxed\b)",
    "sensors": r"\bstd::(fs|net|io|env|process|thread)\b|\bInstant\b|\bSystemTime\b",
    "calibration": r"\bstd::(fs|net|io|env|process|thread)\b|\bInstant\b|\bSystemTime\b",
}
CLOCKS = r"\b(Instant|SystemTime)::now\b"

wrong = []
root = pathlib.Path(__file__).resolve().parent.parent
metadata = json.loads(subprocess.check_output(
    ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=root))
packages = {package["name"]: package for package in metadata["packages"]}

for name in sorted(packages.keys() - ALLOWED.keys()):
    wrong.append(f"{name}: a package without a place in the layers (scripts/check_dependencies.py)")
for name in sorted(packages.keys() & ALLOWED.keys()):
    dependencies = {d["name"] for d in packages[name]["dependencies"] if d["kind"] != "dev"}
    for other in sorted((dependencies & packages.keys()) - ALLOWED[name]):
        wrong.append(f"{name} -> {other}: dependencies point downward only")
    if name == "wayfix-filter":
        for other in sorted(dependencies - FILTER_MAY_USE):
            wrong.append(f"{name} -> {other}: the filter uses {', '.join(sorted(FILTER_MAY_USE))} only")


def code(path):
    """Lines of a source file without comments and without its test module."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(r"\s*#\[cfg\((any\()?test\b.*\)\]", line):
            rest = path.read_text().splitlines()[number:]
            # `#[cfg(any(test, ...))] extern crate std;` and `mod check;` are one line; `mod tests {` is the end.
            if rest and rest[0].rstrip().endswith("{"):
                return
            skip.add((path, number + 1))
        if (path, number) not in skip and not line.lstrip().startswith("//"):
            yield number, line


skip = set()
for folder, pattern in FORBIDDEN.items():
    base = root / folder
    for path in sorted((base if "/" in folder else base / "src").rglob("*.rs")):
        if folder == "filter" and "smoother" in path.parts:
            continue
        if path.name in ("tests.rs", "check.rs"):
            continue
        for number, line in code(path):
            if re.search(pattern, line):
                wrong.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
for path in sorted((root / "src").rglob("*.rs")):
    # The program's shell may look at a clock; what it calls may not.
    if path.parent != root / "src/cli" and path != root / "src/live/clock.rs":
        for number, line in code(path):
            if re.search(CLOCKS, line):
                wrong.append(f"{path.relative_to(root)}:{number}: {line.strip()}: time is an argument")

for line in wrong:
    print(line)
if wrong:
    sys.exit(1)
print(f"{len(packages)} packages, all arrows point downward")
