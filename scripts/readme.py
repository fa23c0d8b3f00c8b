#!/usr/bin/env python3
"""Runs what the README says, as written, in an empty folder.

A block that follows the line `<!-- ci -->` is run: `sh` by bash, `python` by Python; a block that
follows `<!-- ci: NAME -->` is written to the file NAME. `cargo run --release --` is the one
command that is run from the repository; `wayfix` is what it built."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parent.parent
text = (root / sys.argv[1]).read_text()
blocks = re.findall(r"<!-- ci(?:: (\S+))? -->\n```(\w+)\n(.*?)```", text, re.S)
if not blocks:
    sys.exit("no block is marked for CI")
target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
with tempfile.TemporaryDirectory() as folder:
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target),
                   "PATH": f"{target / 'release'}:{os.environ['PATH']}"}
    for name, language, body in blocks:
        if name:
            (pathlib.Path(folder) / name).write_text(body)
            print(f"-- wrote {name}", flush=True)
            continue
        begin = time.monotonic()
        print(f"-- {language}: {body.strip().splitlines()[0]} ...", flush=True)
        if language == "sh":
            # Cargo's commands need the repository; the others belong to the reader's own folder.
            where = root if "cargo " in body else folder
            printed = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=where,
                                     env=environment, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, text=True, check=True).stdout
            print(printed, flush=True)
            if "damaged places" in printed:
                sys.exit("a log in the README can't be read")
        else:
            subprocess.run([sys.executable, "-c", body], cwd=folder, env=environment,
                           stdin=subprocess.DEVNULL, check=True)
        print(f"-- {time.monotonic() - begin:.1f} s", flush=True)
