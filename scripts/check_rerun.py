#!/usr/bin/env python3
"""Checks recordings of `wayfix replay --rerun` with the viewer's own tools, and looks at them.

Usage: check_rerun.py SCREENSHOTS FILE.rrd...
Verifies and counts each, opens it in the viewer without a screen, and writes the picture; fails where a
file is not sound, where an entity is missing that every run has, where the picture is empty, or where the viewer
shows an error. Needs the package rerun-sdk of the version that Cargo.toml names, and a Vulkan driver (Debian:
mesa-vulkan-drivers, libvulkan1) for the pictures."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import rerun_sdk
from PIL import Image, ImageChops
from rerun.experimental import ViewerClient

ALWAYS = ["/vehicle", "/trail/estimate", "/estimate/ellipse_3_sigma", "/accuracy/sigma", "/mode", "/log/mode"]
PORT = 9911
# A picture of one panel alone has fewer colours than this.
COLOURS = 200
# Between two looks [s], and the share of pixels that may change from one to the other.
LOOK_S = 4
STILL = 0.001

# The program itself: the script of that name starts it and can't be stopped.
program = pathlib.Path(rerun_sdk.__path__[0]) / "rerun_cli/rerun"
home = tempfile.TemporaryDirectory()
environment = {**os.environ, "HOME": home.name, "XDG_CONFIG_HOME": home.name}


def rerun(*words):
    done = subprocess.run([program, *words], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rerun {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def picture(path, to, patience_s=120):
    """What the viewer shows when all is loaded: when the picture does not change any more."""
    log = tempfile.TemporaryFile()
    words = ["--headless", "--bind", "127.0.0.1", "--port", str(PORT), "--window-size", "1600x900", path]
    viewer = subprocess.Popen([program, *words], env=environment, stdout=log, stderr=subprocess.STDOUT)
    shown, before = None, None
    try:
        until = time.monotonic() + patience_s
        while time.monotonic() < until and viewer.poll() is None:
            time.sleep(LOOK_S)
            try:
                ViewerClient(f"rerun+http://127.0.0.1:{PORT}/proxy").save_screenshot(str(to))
            except (ConnectionError, RuntimeError):
                continue
            time.sleep(LOOK_S)
            if to.exists():
                shown, before = Image.open(to).convert("RGB"), shown
                # The plots' edges breathe by a pixel.
                if before and colours(shown) >= COLOURS and difference(shown, before) < STILL:
                    break
    finally:
        viewer.terminate()
        viewer.wait()
    log.seek(0)
    told = re.sub(r"\x1b\[[0-9;]*m", "", log.read().decode(errors="replace"))
    if not shown or colours(shown) < COLOURS:
        sys.exit(f"{path}: the picture is empty\n{told}")
    # What the viewer logs as an error, it shows over the picture.
    if errors := [line for line in told.splitlines() if re.match(r"\S+Z +ERROR ", line)]:
        sys.exit(f"{path}: the viewer has errors\n" + "\n".join(errors))
    return colours(shown)


def colours(shown):
    return len(shown.getcolors(shown.width * shown.height))


def difference(one, other):
    """The share of pixels that differ."""
    grey = ImageChops.difference(one, other).convert("L")
    return 1 - grey.histogram()[0] / (one.width * one.height)


screenshots = pathlib.Path(sys.argv[1]).resolve()
screenshots.mkdir(parents=True, exist_ok=True)
rerun("analytics", "disable")
for path in map(pathlib.Path, sys.argv[2:]):
    rerun("rrd", "verify", path)
    counted = rerun("rrd", "stats", path)
    rows = re.search(r"num_rows = ([\d\s]+)\n", counted)
    printed = rerun("rrd", "print", path)
    for entity in ALWAYS:
        if not re.search(rf"{re.escape(entity)}\b", printed):
            sys.exit(f"{path}: no {entity}")
    to = screenshots / f"{path.stem}.png"
    shades = picture(path, to)
    size_mb = path.stat().st_size / 1e6
    print(f"{path.name}: {size_mb:.1f} MB, {rows[1]} rows, {shades} colours in {to.name}")
