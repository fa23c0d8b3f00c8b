"use strict";
let drawAll = () => {};
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const number = (v, places = 3) => (v === null || v === undefined ? "–" : v.toFixed(places));
const plain = (text) => String(text ?? "").replaceAll("_", " ");

function element(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function table(into, head, rows, textColumns = [0]) {
  into.replaceChildren();
  const line = (cells, tag) => {
    const tr = element("tr");
    cells.forEach((cell, i) => tr.append(element(tag, cell, textColumns.includes(i) ? "text" : "")));
    return tr;
  };
  into.append(element("thead")); into.append(element("tbody"));
  into.firstChild.append(line(head, "th"));
  rows.forEach((row) => into.lastChild.append(line(row, "td")));
}

/* Index of the last time that is not after t. */
function before(times, t) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle + 1; else high = middle;
  }
  return Math.max(0, low - 1);
}

/* A canvas in CSS pixels, sharp on any screen. */
function surface(canvas) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = Math.max(1, box.width), height = Math.max(1, box.height);
  canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  c.font = "12px system-ui, sans-serif";
  return { c, width, height };
}

function ticks(from, to, about) {
  const raw = (to - from) / Math.max(1, about), power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw) || raw;
  const out = [];
  for (let v = Math.ceil(from / step) * step; v <= to + 1e-9; v += step) out.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return { step, out };
}

const label = (v, step) => v.toFixed(Math.max(0, -Math.floor(Math.log10(step))));

/* Curves over time (or anything else): lines = [{x, y, colour, name}], bands = [{x, low, high, colour}]. */
function plot(canvas, { lines, bands = [], unit, xUnit = "s", least, logarithmic = false, marks = [] }) {
  const { c, width, height } = surface(canvas);
  const left = 56, right = width - 8, top = 8, bottom = height - 22;
  let x0 = Infinity, x1 = -Infinity, y0 = logarithmic ? Infinity : 0, y1 = -Infinity;
  const see = (x, y) => {
    if (x === null || y === null || (logarithmic && y <= 0)) return;
    x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  };
  lines.forEach((l) => l.x.forEach((x, i) => see(x, l.y[i])));
  bands.forEach((b) => b.x.forEach((x, i) => { see(x, b.low[i]); see(x, b.high[i]); }));
  c.fillStyle = colour("dim"); c.strokeStyle = colour("line"); c.lineWidth = 1;
  if (!(x1 >= x0) || !(y1 >= y0)) { c.fillText("nothing to show", left, height / 2); return; }
  if (least !== undefined) y1 = Math.max(y1, least);
  if (x1 === x0) x1 = x0 + 1;
  if (y1 === y0) y1 = y0 + 1;
  const f = logarithmic ? Math.log10 : (v) => v;
  const px = (x) => left + (right - left) * (x - x0) / (x1 - x0);
  const py = (y) => bottom - (bottom - top) * (f(y) - f(y0)) / (f(y1) - f(y0));
  const h = ticks(x0, x1, (right - left) / 90);
  h.out.forEach((v) => {
    c.beginPath(); c.moveTo(px(v), top); c.lineTo(px(v), bottom); c.stroke();
    c.fillText(label(v, h.step) + (v === h.out[h.out.length - 1] ? " " + xUnit : ""), Math.min(px(v) - 8, right - 40), height - 7);
  });
  const v = logarithmic
    ? { step: 0.001, out: Array.from({ length: 12 }, (_, i) => 10 ** (i - 6)).filter((t) => t >= y0 && t <= y1) }
    : ticks(y0, y1, (bottom - top) / 40);
  v.out.forEach((t, i) => {
    c.beginPath(); c.moveTo(left, py(t)); c.lineTo(right, py(t)); c.stroke();
    const text = logarithmic ? String(Number(t.toPrecision(1))) : label(t, v.step);
    c.fillText(text + (i === v.out.length - 1 ? " " + unit : ""), 2, py(t) + 4);
  });
  bands.forEach((b) => {
    c.fillStyle = b.colour; c.globalAlpha = 0.15; c.beginPath();
    b.x.forEach((x, i) => (i ? c.lineTo(px(x), py(b.high[i])) : c.moveTo(px(x), py(b.high[i]))));
    for (let i = b.x.length - 1; i >= 0; i--) c.lineTo(px(b.x[i]), py(b.low[i]));
    c.fill(); c.globalAlpha = 1;
  });
  lines.forEach((l) => {
    c.strokeStyle = l.colour; c.lineWidth = l.width || 1.3; c.beginPath();
    let down = false;
    l.x.forEach((x, i) => {
      const y = l.y[i];
      if (x === null || y === null || (logarithmic && y <= 0)) { down = false; return; }
      if (down) c.lineTo(px(x), py(y)); else c.moveTo(px(x), py(y));
      down = true;
    });
    c.stroke();
  });
  marks.forEach((m) => {
    c.strokeStyle = colour("dim"); c.setLineDash([4, 3]); c.beginPath();
    c.moveTo(left, py(m)); c.lineTo(right, py(m)); c.stroke(); c.setLineDash([]);
  });
  const named = lines.filter((l) => l.name);
  if (named.length) {
    const wide = Math.max(...named.map((l) => c.measureText(l.name).width)) + 30;
    c.globalAlpha = 0.85; c.fillStyle = colour("back"); c.fillRect(left + 4, top + 2, wide, 15 * named.length + 6); c.globalAlpha = 1;
    named.forEach((l, i) => {
      c.fillStyle = l.colour; c.fillRect(left + 8, top + 10 + 15 * i, 14, 3);
      c.fillStyle = colour("ink"); c.fillText(l.name, left + 27, top + 15 + 15 * i);
    });
  }
}

/* ---- shares */
function share(sorted, p) { return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : null; }
const finite = (values) => values.filter((v) => v !== null);
const sortedOf = (values) => finite(values).map(Math.abs).sort((a, b) => a - b);


/* The share of values below each, of as many as a screen shows. */
function cumulative(values, stroke, name) {
  const sorted = sortedOf(values), n = sorted.length, keep = Math.max(1, Math.floor(n / 800));
  const at = sorted.map((_, i) => i).filter((i) => i % keep === 0 || i === n - 1);
  return { x: at.map((i) => sorted[i]), y: at.map((i) => 100 * (i + 1) / n), colour: stroke, name };
}

/* One such curve for each [values, stroke, name]. */
function plotShares(canvas, curves) {
  plot(canvas, { lines: curves.map((curve) => cumulative(...curve)), unit: "%", xUnit: "m", least: 100, marks: [50, 95, 99] });
}

/* ---- rows of sources in a summary */
const sourceName = (row) => `${row.source} ${plain(row.kind)}`;
const usedOf = (row) => row.fused + row.down_weighted + row.relocated + row.motion;

/* ---- a place: the site, and over it what `over` draws; drag, wheel and keys move it */
/* Floor plans, each with a box to leave it out. */
const pictures = (data.site?.plans ?? []).map((of) => {
  const picture = new Image(), box = element("input"), label = element("label");
  const name = data.site.plans.length > 1 ? "floor plan " + of.file : "floor plan";
  box.type = "checkbox"; box.checked = true;
  label.append(box, " " + name); $("show-plans").append(label);
    picture.addEventListener("load", () => drawAll());
  picture.addEventListener("error", () => { box.checked = false; box.disabled = true; label.append(" (cannot be shown: the picture is damaged)"); });
  picture.src = of.picture;
  return { picture, box, matrix: of.matrix };
});

/* Under all else, paler where the page is dark. */
function drawPictures(c, { scale, x, y, width, height }) {
  pictures.filter((p) => p.box.checked && p.picture.naturalWidth).forEach(({ picture, matrix }) => {
    c.save();
    /* In print, what is outside a canvas is drawn too. */
    c.beginPath(); c.rect(0, 0, width, height); c.clip();
    c.globalAlpha = Number(colour("plan")); c.imageSmoothingQuality = "high";
    c.transform(scale, 0, 0, -scale, width / 2 - x * scale, height / 2 + y * scale);
    c.transform(...matrix);
    /* The matrix counts rows from the lowest up, the picture from the highest down. */
    c.transform(1, 0, 0, -1, 0, picture.naturalHeight);
    c.drawImage(picture, 0, 0);
    c.restore();
  });
}

/* With a seam, so that it reads on any floor plan. */
function write(c, text, x, y) {
  c.save(); c.strokeStyle = colour("panel"); c.lineWidth = 3; c.lineJoin = "round"; c.strokeText(text, x, y); c.fillText(text, x, y); c.restore();
}

function drawGrid(c, { scale, x, y, px, py, width, height }) {
  const grid = ticks(x - width / 2 / scale, x + width / 2 / scale, width / 110);
  c.strokeStyle = colour("line"); c.fillStyle = colour("dim"); c.lineWidth = 1;
  grid.out.forEach((at) => { c.beginPath(); c.moveTo(px(at), 0); c.lineTo(px(at), height); c.stroke(); write(c, label(at, grid.step), px(at) + 3, height - 5); });
  const y0 = y - height / 2 / scale, y1 = y + height / 2 / scale;
  for (let at = Math.ceil(y0 / grid.step) * grid.step; at < y1; at += grid.step) {
    c.beginPath(); c.moveTo(0, py(at)); c.lineTo(width, py(at)); c.stroke(); write(c, label(at, grid.step) + " m", 3, py(at) - 3);
  }
}

function drawZones(c, { px, py }) {
  (data.site?.zones ?? []).forEach((zone) => {
    c.fillStyle = colour("warn"); c.globalAlpha = 0.12; c.beginPath();
    zone.corners.forEach(([x, y], i) => (i ? c.lineTo(px(x), py(y)) : c.moveTo(px(x), py(y))));
    c.fill(); c.globalAlpha = 1;
  });
}

function drawPoints(c, view) {
  (data.site?.points ?? []).forEach((p) => {
    const [x, y] = [view.px(p.at[0]), view.py(p.at[1])];
    c.fillStyle = colour({ anchor: "bad", beacon: "violet", landmark: "warn", marker: "good", portal: "blue" }[p.kind] || "dim");
    c.beginPath();
    if (p.kind === "marker" || p.kind === "portal") c.rect(x - 3.5, y - 3.5, 7, 7); else c.arc(x, y, 4, 0, 2 * Math.PI);
    c.fill();
    if ($("show-names").checked) { c.fillStyle = colour("dim"); write(c, p.id, x + 6, y - 5); }
  });
}

/* What tracks reach, and what of the site is near them. */
function reach(tracks) {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  const see = (x, y) => {
    if (x === null || y === null) return;
    x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  };
  const points = data.site?.points ?? [];
  tracks.forEach((track) => track.x.forEach((x, i) => see(x, track.y[i])));
  if (!(x1 >= x0)) points.forEach((p) => see(p.at[0], p.at[1]));
  const near = Math.max(x1 - x0, y1 - y0, 4);
  points.forEach((p) => {
    if (p.at[0] > x0 - near && p.at[0] < x1 + near && p.at[1] > y0 - near && p.at[1] < y1 + near) see(p.at[0], p.at[1]);
  });
  return x1 >= x0 ? [x0, x1, y0, y1] : [0, 1, 0, 1];
}

/* Of `count` rows one is picked: `find(x, y)` says which is at a pixel, `told(i)` is what is known of it. */
function place(canvas, { tracks, over, top, count, find, told }) {
  const view = { scale: 1, x: 0, y: 0, picked: null };
  const pick = (i) => {
    if (i < 0 || i >= count) return;
    view.picked = i;
    $("hover").textContent = told(i);
    view.draw();
  };
  const step = (n) => pick(Math.min(count - 1, Math.max(0, (view.picked ?? (n > 0 ? -1 : 10)) + n)));
  view.draw = () => {
    const { c, width, height } = surface(canvas);
    view.width = width; view.height = height;
    view.px = (x) => width / 2 + (x - view.x) * view.scale;
    view.py = (y) => height / 2 - (y - view.y) * view.scale;
    view.line = ({ x, y }, stroke, lineWidth) => {
      c.strokeStyle = stroke; c.lineWidth = lineWidth; c.beginPath();
      x.forEach((at, i) => { if (at !== null) (i ? c.lineTo(view.px(at), view.py(y[i])) : c.moveTo(view.px(at), view.py(y[i]))); });
      c.stroke();
    };
    drawPictures(c, view); drawGrid(c, view); drawZones(c, view); over(c, view); drawPoints(c, view); top(c, view);
  };
  view.show = ([x0, x1, y0, y1]) => {
    const box = canvas.getBoundingClientRect();
    view.scale = 0.9 * Math.min(box.width / Math.max(x1 - x0, 1), box.height / Math.max(y1 - y0, 1));
    view.x = (x0 + x1) / 2; view.y = (y0 + y1) / 2;
    view.draw();
  };
  view.fit = () => view.show(reach(tracks));
  view.zoom = (factor, x, y) => {
    const [wx, wy] = [view.x + (x - view.width / 2) / view.scale, view.y - (y - view.height / 2) / view.scale];
    view.scale = Math.min(1e4, Math.max(1e-4, view.scale * factor));
    view.x = wx - (x - view.width / 2) / view.scale; view.y = wy + (y - view.height / 2) / view.scale;
    view.draw();
  };
  /* Index of the row of a track that is nearest to a pixel. */
  view.nearest = (track, x, y) => {
    let best = null, least = 30 * 30;
    for (let i = 0; i < track.x.length; i++) {
      const d = (view.px(track.x[i]) - x) ** 2 + (view.py(track.y[i]) - y) ** 2;
      if (track.x[i] !== null && d < least) { least = d; best = i; }
    }
    return best;
  };
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => { drag = [e.offsetX, e.offsetY]; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) {
      const i = find(e.offsetX, e.offsetY);
      if (i !== null && i !== view.picked) pick(i);
      return;
    }
    view.x -= (e.offsetX - drag[0]) / view.scale; view.y += (e.offsetY - drag[1]) / view.scale;
    drag = [e.offsetX, e.offsetY];
    view.draw();
  });
  canvas.addEventListener("wheel", (e) => { e.preventDefault(); view.zoom(Math.exp(-e.deltaY * 0.0015), e.offsetX, e.offsetY); }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const by = 40 / view.scale, [x, y] = [view.width / 2, view.height / 2];
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    if (moves[e.key]) { view.x += moves[e.key][0]; view.y += moves[e.key][1]; view.draw(); }
    else if (e.key === "+" || e.key === "=") view.zoom(1.25, x, y);
    else if (e.key === "-") view.zoom(0.8, x, y);
    else if (e.key === "0") view.fit();
    else if (e.key === ".") step(10);
    else if (e.key === ",") step(-10);
    else return;
    e.preventDefault();
  });
  document.querySelectorAll(".tools input").forEach((box) => box.addEventListener("change", view.draw));
  $("fit").addEventListener("click", view.fit);
  return view;
}

/* A swatch and a name for each. */
function legend(items) {
  items.forEach(([name, shade]) => {
    const item = element("span", plain(name)), swatch = element("i");
    swatch.style.background = `var(--${shade})`;
    item.prepend(swatch); $("legend").append(item);
  });
}

/* Draws all now, and again where the theme, the size or the medium is another. */
function begin(all) {
  drawAll = all;
  $("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    all();
  });
  addEventListener("resize", all);
  addEventListener("beforeprint", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  all();
}
