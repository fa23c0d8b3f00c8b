#!/usr/bin/env python3
"""Compares the errors that `wayfix replay` prints with those that evo finds in the trajectory files
of the same replay: `check_evo.py [EVO_APE]`, without alignment, to a micrometre.

The drives are simulated; truth states everything, or position and heading in the plane, or position
alone. Needs evo (`pip install evo`); builds wayfix."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

CLOSE_M = 1e-6
# Scenario, seconds of it, and what truth is stripped to; None: it stays whole.
CASES = [
    ("forklift_day", None, None),
    ("figure_eight_uwb_imu", 60, None),
    ("tag_only", 60, None),
    ("gnss_yard_wheels", 120, ("xy_m", "yaw_rad")),
    ("gnss_yard_wheels", 120, ("xy_m",)),
]

root = pathlib.Path(__file__).resolve().parent.parent
target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")).resolve()
evo_ape = sys.argv[1] if len(sys.argv) > 1 else "evo_ape"
subprocess.run(["cargo", "build", "--quiet"], cwd=root, check=True)


def run(folder, *command):
    # evo keeps its settings at home, and would draw.
    environment = {**os.environ, "HOME": str(folder), "MPLBACKEND": "Agg"}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")


def strip(truth, keep):
    rows = [json.loads(line) for line in truth.read_text().splitlines()]
    for row in rows:
        row["truth"] = {key: value for key, value in row["truth"].items() if key in keep}
    truth.write_text("".join(json.dumps(row) + "\n" for row in rows))


worst = 0.0
for scenario, seconds, keep in CASES:
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        wayfix = target / "debug/wayfix"
        duration = ["--duration", seconds] if seconds else []
        run(folder, wayfix, "simulate", "--scenario", scenario, *duration, "--format", "jsonl", "-o", ".")
        if keep:
            strip(folder / "truth.jsonl", keep)
        run(folder, wayfix, "replay", "log.jsonl", "--truth", "truth.jsonl", "-o", "out")
        errors = json.loads((folder / "out/summary.json").read_text())["errors"]
        ours = errors["position_m"] or errors["horizontal_m"]
        run(folder, evo_ape, "tum", "out/truth.tum", "out/estimate.tum", "--save_results", "ape.zip")
        with zipfile.ZipFile(folder / "ape.zip") as results:
            theirs = json.loads(results.read("stats.json"))
        difference_m = abs(ours["rmse"] - theirs["rmse"])
        worst = max(worst, difference_m)
        of = "+".join(keep) if keep else "all"
        print(f"{scenario:22} truth {of:13} rmse {ours['rmse']:.7f} m, evo {theirs['rmse']:.7f} m, "
              f"{ours['count']} rows", flush=True)
        if difference_m > CLOSE_M:
            sys.exit(f"they differ by {difference_m:.2e} m")
print(f"evo finds the same, to {worst:.0e} m")
