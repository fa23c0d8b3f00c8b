#!/usr/bin/env python3
"""Opens pages of `wayfix replay --report` and `wayfix evaluate --report` in headless Chromium and uses them as a
person would.

Usage: check_report.py CHROMIUM SCREENSHOTS PAGE.html...
Pans, zooms, hovers, steps by keyboard, switches source and parameter, changes the theme, prints; fails where
nothing answers, where the console has an error, where a floor plan does not lie where site.toml says, or where
the page asks for anything from elsewhere. Needs the package playwright (its own browsers are not needed). A
floor plan is that of tests/support/hall.toml: its corners have colours.
"""

import math
import pathlib
import sys
import tomllib

from playwright.sync_api import sync_playwright


def pixels(page, canvas):
    """What a canvas shows, as a data URL."""
    return page.evaluate(f"document.getElementById('{canvas}').toDataURL()")


def corners(page):
    """Where the middles of the floor plan's coloured corners are on the canvas, by site.toml alone."""
    of = tomllib.loads(page.evaluate("data.config['site.toml']"))["map"][0]
    columns, rows = page.evaluate("[pictures[0].picture.naturalWidth, pictures[0].picture.naturalHeight]")
    cos, sin = (f(math.radians(of["yaw_deg"])) for f in (math.cos, math.sin))
    places = {}
    for name, u, v in [("red", 7, 7), ("green", columns - 7, 7), ("blue", 7, rows - 7)]:
        u, v = u * of["pixel_m"], v * of["pixel_m"]
        x, y = of["corner_m"][0] + cos * u - sin * v, of["corner_m"][1] + sin * u + cos * v
        places[name] = page.evaluate("([x, y]) => [plan.px(x), plan.py(y)]", [x, y])
    return places


def coloured(page):
    """Which of the floor plan's corners have their colour."""
    seen = set()
    for name, (x, y) in corners(page).items():
        rgb = page.evaluate(
            """([x, y]) => { const r = devicePixelRatio || 1, c = document.getElementById("plan").getContext("2d");
            return [...c.getImageData(Math.round(x * r), Math.round(y * r), 1, 1).data].slice(0, 3); }""", [x, y])
        channel = ["red", "green", "blue"].index(name)
        if rgb[channel] > 25 + max(value for i, value in enumerate(rgb) if i != channel):
            seen.add(name)
    return seen


def check_floor_plan(page, name, drag):
    """It lies where it should, goes along, can be left out by the keyboard, and is printed."""
    every = {"red", "green", "blue"}
    page.locator("#plan").focus()
    page.keyboard.press("0")
    for _ in range(5):
        page.keyboard.press("-")
    assert coloured(page) == every, f"{name}: of the floor plan's corners {coloured(page)} are in their places"
    drag()
    page.locator("#plan").focus()
    page.keyboard.press("+")
    assert coloured(page) == every, f"{name}: the floor plan stays behind"
    page.locator("#show-plans input").first.focus()
    page.keyboard.press("Space")
    assert not coloured(page), f"{name}: the floor plan can't be left out"
    page.keyboard.press("Space")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#plan").is_visible() and coloured(page) == every, f"{name}: no floor plan in print"
    page.emulate_media(media="null")
    page.locator("#plan").focus()
    page.keyboard.press("0")


def check_run(page, name, changes, drag):
    """What a report has beside the track."""
    assert "heading" in page.inner_text("#hover")
    changes("3 sigma", "plan", lambda: page.check("#show-sigma"))
    for select, canvas in [("nis-source", "nis-plot"), ("parameter", "parameter-plot")]:
        options = page.locator(f"#{select} option").count()
        if options > 1:
            changes(select, canvas, lambda s=select, n=options: page.select_option(f"#{s}", index=n - 1))
    if page.locator("#show-plans input").count():
        check_floor_plan(page, name, drag)
    refused = page.locator("#refused-source option").count()
    if refused > 1:
        rows = page.inner_text("#refused-table")
        page.select_option("#refused-source", index=refused - 1)
        assert page.inner_text("#refused-table") != rows


def check_two(page, name, changes):
    """What a comparison of two runs has beside the tracks."""
    hover = page.inner_text("#hover")
    assert "A is off by" in hover and "B by" in hover, hover
    changes("leaving A out", "plan", lambda: page.uncheck("#show-a"))
    changes("leaving B out", "plan", lambda: page.uncheck("#show-b"))
    page.check("#show-a")
    page.check("#show-b")
    shown = page.locator("#stretch-table button")
    assert shown.count() == page.evaluate("data.compared.stretches.length") > 0
    changes("a stretch", "plan", lambda: shown.first.press("Enter"))
    head, figures = page.inner_text("#headline"), page.evaluate("data.compared")
    better = "No difference" if not figures["is_significant"] else "B is better" if figures["ratio"] < 1 else "A is better"
    assert head.startswith(better), head
    for canvas in ["error-plot", "cdf-plot", "difference-plot"]:
        shades = page.evaluate(
            """(id) => { const c = document.getElementById(id), s = new Set(), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            for (let i = 0; i < d.length; i += 4) s.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return s.size; }""", canvas)
        assert shades > 20, f"{name}: {canvas} is empty"


def check(browser, path, screenshots):
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    errors, asked = [], []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(path.resolve().as_uri())

    def changes(what, canvas, act):
        before = pixels(page, canvas)
        act()
        assert pixels(page, canvas) != before, f"{path.name}: {what} changes nothing"

    plan = page.locator("#plan")
    box = plan.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def drag():
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 60, middle[1] + 30, steps=3)
        page.mouse.up()

    def wheel():
        page.mouse.move(*middle)
        page.mouse.wheel(0, -400)

    changes("dragging", "plan", drag)
    changes("the wheel", "plan", wheel)
    changes("Fit", "plan", lambda: page.click("#fit"))
    is_run = page.evaluate("'track' in data")
    track = "data.track" if is_run else "data.a"
    at = page.evaluate(f"(() => {{ const t = {track}, i = t.x.length >> 1; return [plan.px(t.x[i]), plan.py(t.y[i])]; }})()")
    text = page.inner_text("#hover")
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    assert page.inner_text("#hover") != text, f"{path.name}: hovering tells nothing"
    plan.focus()
    for key in ["ArrowLeft", "+", "-", "0", "."]:
        if key in ("0", "."):
            page.keyboard.press("+")
        changes(f"key {key}", "plan", lambda key=key: page.keyboard.press(key))
    if is_run:
        check_run(page, path.name, changes, drag)
    else:
        check_two(page, path.name, changes)
    page.screenshot(path=screenshots / f"{path.stem}-light.png", full_page=True)
    changes("the theme", "plan", lambda: page.click("#theme"))
    page.screenshot(path=screenshots / f"{path.stem}-dark.png", full_page=True)
    page.click("#theme")
    page.pdf(path=screenshots / f"{path.stem}.pdf", print_background=True)
    assert not errors, f"{path.name}: {errors}"
    assert all(url.startswith("file:") for url in asked), f"{path.name} asks for {asked}"
    megabytes = path.stat().st_size / 1e6
    assert megabytes < 10, f"{path.name} has {megabytes:.1f} MB"
    print(f"{path.name}: {megabytes:.1f} MB, answers to mouse and keyboard, no error")
    page.close()


def main():
    chromium, screenshots, *pages = sys.argv[1:]
    screenshots = pathlib.Path(screenshots)
    screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for page in pages:
            check(browser, pathlib.Path(page), screenshots)
        browser.close()


main()
