#!/usr/bin/env python3
"""Draws the README's picture: `wayfix demo -o DIR`, then `scripts/plot_demo.py DIR docs/demo.svg`."""

import csv
import pathlib
import sys
import tomllib

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
site = tomllib.loads((folder / "site.toml").read_text())
truth = [tuple(map(float, line.split()[:3])) for line in (folder / "truth.tum").read_text().splitlines()
         if line and line[0] != "#"]
estimate = [(int(r["t_ns"]) * 1e-9, float(r["x_m"]), float(r["y_m"]),
             float(r["sigma_x_m"]), float(r["sigma_y_m"]))
            for r in csv.DictReader((folder / "estimate.csv").open())]
anchors = [a["position_m"] for a in site.get("anchor", [])]
markers = [m["position_m"] for m in site.get("marker", [])]
portals = [p["position_m"] for p in site.get("portal", [])]
indoor = [z["polygon_m"] for z in site.get("zone", []) if z["kind"] == "indoor"]

points = [p[1:3] for p in truth] + [p[:2] for p in anchors] + [c for z in indoor for c in z]
x0, x1 = min(p[0] for p in points) - 3, max(p[0] for p in points) + 3
y0, y1 = min(p[1] for p in points) - 3, max(p[1] for p in points) + 3
scale = 860 / (x1 - x0)
width, height, chart = 860, (y1 - y0) * scale, 150


def at(x, y):
    return f"{(x - x0) * scale:.1f},{(y1 - y) * scale:.1f}"


def line(points, style):
    return f'<polyline points="{" ".join(points)}" fill="none" {style}/>'


svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + chart + 62:.0f}" '
       'font-family="sans-serif" font-size="12">',
       f'<rect width="100%" height="100%" fill="#fff"/>']
for zone in indoor:
    svg.append(f'<polygon points="{" ".join(at(*c) for c in zone)}" fill="#eef2f7" stroke="#9aa7b5"/>')
svg.append(line([at(x, y) for _, x, y in truth[::20]], 'stroke="#b8b8b8" stroke-width="6"'))
svg.append(line([at(x, y) for _, x, y, *_ in estimate[::8]], 'stroke="#1f6fd6" stroke-width="1.6"'))
for shape, places, colour in (("circle", anchors, "#c2452d"), ("rect", markers, "#2c8a4b"),
                              ("rect", portals, "#8a3fb0")):
    for place in places:
        x, y = at(place[0], place[1]).split(",")
        svg.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' if shape == "circle" else
                   f'<rect x="{float(x) - 4:.1f}" y="{float(y) - 4:.1f}" width="8" height="8" fill="{colour}"/>')
x = 8
for colour, name in (("#b8b8b8", "truth"), ("#1f6fd6", "estimate"), ("#c2452d", "UWB anchor"),
                     ("#2c8a4b", "ceiling marker"), ("#8a3fb0", "portal")):
    svg.append(f'<rect x="{x}" y="{height + 8:.1f}" width="10" height="10" fill="{colour}"/>'
               f'<text x="{x + 15}" y="{height + 17:.1f}">{name}</text>')
    x += 130

# Below: error against what the filter says of itself.
track = {round(t, 2): (px, py) for t, px, py in truth}
times = sorted(track)
rows, i = [], 0
for t, px, py, sx, sy in estimate:
    while i + 1 < len(times) and times[i + 1] <= t:
        i += 1
    a, b = times[i], times[min(i + 1, len(times) - 1)]
    share = (t - a) / (b - a) if b > a else 0.0
    tx, ty = (track[a][k] + share * (track[b][k] - track[a][k]) for k in (0, 1))
    rows.append((t, ((px - tx) ** 2 + (py - ty) ** 2) ** 0.5, 2 * (sx * sx + sy * sy) ** 0.5))
top = max(max(r[1], min(r[2], 1.0)) for r in rows[20:]) * 1.1
begin, end, base = rows[0][0], rows[-1][0], height + 36 + chart


def on_chart(t, v):
    return f"{50 + (t - begin) / (end - begin) * (width - 60):.1f},{base - min(v, top) / top * chart:.1f}"


area = [on_chart(begin, 0)] + [on_chart(r[0], r[2]) for r in rows[::8]] + [on_chart(end, 0)]
svg.append(f'<polygon points="{" ".join(area)}" fill="#dbe8fa"/>')
svg.append(line([on_chart(r[0], r[1]) for r in rows[::8]], 'stroke="#d0342c" stroke-width="1.2"'))
svg.append(f'<line x1="50" y1="{base:.1f}" x2="{width - 10}" y2="{base:.1f}" stroke="#555"/>')
for k in range(3):
    v = top * k / 2
    svg.append(f'<text x="44" y="{base - chart * k / 2 + 4:.1f}" text-anchor="end">{v:.2f}</text>')
svg.append(f'<text x="54" y="{base + 16:.1f}">red: horizontal error [m]; blue: two sigma as estimated; '
           f'{end - begin:.0f} s</text></svg>')
out.write_text("\n".join(svg))
print(f"{out}: {out.stat().st_size / 1000:.0f} kB")
