"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const MODES = { cold: "dim", aligning: "violet", tracking: "blue", dead_reckoning: "warn", lost: "bad", smoothed: "good" };
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

/* ---- the track */
const plan = { scale: 1, x: 0, y: 0, picked: null };
const hasTruth = data.errors.t.length > 0;

function extent() {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  const see = (x, y) => {
    if (x === null || y === null) return;
    x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  };
  data.track.x.forEach((x, i) => see(x, data.track.y[i]));
  data.errors.x.forEach((x, i) => see(x, data.errors.y[i]));
  if (!(x1 >= x0)) data.site.points.forEach((p) => see(p.at[0], p.at[1]));
  const near = Math.max(x1 - x0, y1 - y0, 4);
  data.site.points.forEach((p) => {
    if (p.at[0] > x0 - near && p.at[0] < x1 + near && p.at[1] > y0 - near && p.at[1] < y1 + near) see(p.at[0], p.at[1]);
  });
  return x1 >= x0 ? [x0, x1, y0, y1] : [0, 1, 0, 1];
}

function fit() {
  const box = $("plan").getBoundingClientRect(), [x0, x1, y0, y1] = extent();
  plan.scale = 0.9 * Math.min(box.width / Math.max(x1 - x0, 1), box.height / Math.max(y1 - y0, 1));
  plan.x = (x0 + x1) / 2; plan.y = (y0 + y1) / 2;
  drawPlan();
}

/* Floor plans, each with a box to leave it out. */
const pictures = data.site.plans.map((of) => {
  const picture = new Image(), box = element("input"), label = element("label");
  const name = data.site.plans.length > 1 ? "floor plan " + of.file : "floor plan";
  box.type = "checkbox"; box.checked = true;
  label.append(box, " " + name); $("show-plans").append(label);
  box.addEventListener("change", drawPlan);
  picture.addEventListener("load", drawPlan);
  picture.addEventListener("error", () => { box.checked = false; box.disabled = true; label.append(" (cannot be shown: the picture is damaged)"); });
  picture.src = of.picture;
  return { picture, box, matrix: of.matrix };
});

/* Under all else, paler where the page is dark. */
function drawPictures(c, width, height) {
  pictures.filter((p) => p.box.checked && p.picture.naturalWidth).forEach(({ picture, matrix }) => {
    c.save();
    /* In print, what is outside a canvas is drawn too. */
    c.beginPath(); c.rect(0, 0, width, height); c.clip();
    c.globalAlpha = Number(colour("plan")); c.imageSmoothingQuality = "high";
    c.transform(plan.scale, 0, 0, -plan.scale, width / 2 - plan.x * plan.scale, height / 2 + plan.y * plan.scale);
    c.transform(...matrix);
    /* The matrix counts rows from the lowest up, the picture from the highest down. */
    c.transform(1, 0, 0, -1, 0, picture.naturalHeight);
    c.drawImage(picture, 0, 0);
    c.restore();
  });
}

function drawPlan() {
  const { c, width, height } = surface($("plan"));
  const px = (x) => width / 2 + (x - plan.x) * plan.scale, py = (y) => height / 2 - (y - plan.y) * plan.scale;
  plan.px = px; plan.py = py;
  /* With a seam, so that it reads on any floor plan. */
  const write = (text, x, y) => { c.save(); c.strokeStyle = colour("panel"); c.lineWidth = 3; c.lineJoin = "round"; c.strokeText(text, x, y); c.fillText(text, x, y); c.restore(); };
  drawPictures(c, width, height);
  const grid = ticks(plan.x - width / 2 / plan.scale, plan.x + width / 2 / plan.scale, width / 110);
  c.strokeStyle = colour("line"); c.fillStyle = colour("dim");
  grid.out.forEach((x) => { c.beginPath(); c.moveTo(px(x), 0); c.lineTo(px(x), height); c.stroke(); write(label(x, grid.step), px(x) + 3, height - 5); });
  const y0 = plan.y - height / 2 / plan.scale, y1 = plan.y + height / 2 / plan.scale;
  for (let y = Math.ceil(y0 / grid.step) * grid.step; y < y1; y += grid.step) {
    c.beginPath(); c.moveTo(0, py(y)); c.lineTo(width, py(y)); c.stroke(); write(label(y, grid.step) + " m", 3, py(y) - 3);
  }
  data.site.zones.forEach((zone) => {
    c.fillStyle = colour("warn"); c.globalAlpha = 0.12; c.beginPath();
    zone.corners.forEach(([x, y], i) => (i ? c.lineTo(px(x), py(y)) : c.moveTo(px(x), py(y))));
    c.fill(); c.globalAlpha = 1;
  });
  const line = (xs, ys, stroke, lineWidth) => {
    c.strokeStyle = stroke; c.lineWidth = lineWidth; c.beginPath();
    xs.forEach((x, i) => { if (x !== null) (i ? c.lineTo(px(x), py(ys[i])) : c.moveTo(px(x), py(ys[i]))); });
    c.stroke();
  };
  if ($("show-truth").checked) line(data.errors.x, data.errors.y, colour("ink"), 3);
  if ($("show-smoothed").checked) line(data.smoothed.x, data.smoothed.y, colour("good"), 1.5);
  const track = data.track;
  const circles = (radius, stroke) => {
    c.strokeStyle = stroke; c.globalAlpha = 0.25; c.lineWidth = 1;
    const step = Math.max(1, Math.floor(track.t.length / 400));
    for (let i = 0; i < track.t.length; i += step) {
      if (radius[i] === null) continue;
      c.beginPath(); c.arc(px(track.x[i]), py(track.y[i]), Math.max(0.5, radius[i] * plan.scale), 0, 2 * Math.PI); c.stroke();
    }
    c.globalAlpha = 1;
  };
  if ($("show-sigma").checked) circles(track.sigma.map((s) => (s === null ? null : 3 * s / Math.SQRT2)), colour("blue"));
  if ($("show-level").checked) circles(track.level, colour("violet"));
  c.lineWidth = 1.6;
  for (let i = 1; i < track.t.length;) {
    const mode = track.mode[i];
    c.strokeStyle = colour(MODES[mode] || "dim"); c.beginPath(); c.moveTo(px(track.x[i - 1]), py(track.y[i - 1]));
    while (i < track.t.length && track.mode[i] === mode) { c.lineTo(px(track.x[i]), py(track.y[i])); i++; }
    c.stroke();
  }
  data.site.points.forEach((p) => {
    const [x, y] = [px(p.at[0]), py(p.at[1])];
    c.fillStyle = colour({ anchor: "bad", beacon: "violet", landmark: "warn", marker: "good", portal: "blue" }[p.kind] || "dim");
    c.beginPath();
    if (p.kind === "marker" || p.kind === "portal") c.rect(x - 3.5, y - 3.5, 7, 7); else c.arc(x, y, 4, 0, 2 * Math.PI);
    c.fill();
    if ($("show-names").checked) { c.fillStyle = colour("dim"); write(p.id, x + 6, y - 5); }
  });
  if (plan.picked !== null) {
    const i = plan.picked, [x, y] = [px(track.x[i]), py(track.y[i])], turn = (track.yaw[i] || 0) * Math.PI / 180;
    c.strokeStyle = colour("ink"); c.lineWidth = 2; c.beginPath(); c.arc(x, y, 7, 0, 2 * Math.PI);
    c.moveTo(x, y); c.lineTo(x + 16 * Math.cos(turn), y - 16 * Math.sin(turn)); c.stroke();
  }
}

function pick(i) {
  const track = data.track;
  if (i < 0 || i >= track.t.length) return;
  plan.picked = i;
  const t = track.t[i], parts = [
    `${number(t, 2)} s, ${plain(track.mode[i])}${track.ill[i] ? ", with findings" : ""}`,
    `x ${number(track.x[i])} y ${number(track.y[i])} z ${number(track.z[i])} m`,
    `heading ${number(track.yaw[i], 1)} ± ${number(track.yaw_sigma[i], 1)} deg, ${number(track.speed[i], 2)} m/s`,
    `sigma ${number(track.sigma[i])} m, protection level ${number(track.level[i])} m`,
  ];
  if (hasTruth) {
    const k = before(data.errors.t, t);
    if (Math.abs(data.errors.t[k] - t) < 1) parts.push(`error ${number(data.errors.horizontal[k])} m`);
  }
  const told = data.sources.map((s) => {
    const k = Math.floor(t / s.width_s), refused = (s.gated[k] || 0) + (s.refused[k] || 0);
    return s.used[k] || refused ? `${s.name} ${plain(s.kind)}: ${s.used[k] || 0} used${refused ? `, ${refused} refused` : ""}` : null;
  }).filter(Boolean);
  $("hover").textContent = parts.join("; ") + (told.length ? ". About then: " + told.join("; ") : "");
  drawPlan();
}

function nearest(x, y) {
  const track = data.track;
  let best = null, least = 30 * 30;
  for (let i = 0; i < track.t.length; i++) {
    const d = (plan.px(track.x[i]) - x) ** 2 + (plan.py(track.y[i]) - y) ** 2;
    if (d < least) { least = d; best = i; }
  }
  return best;
}

function zoom(factor, x, y) {
  const box = $("plan").getBoundingClientRect();
  const [wx, wy] = [plan.x + (x - box.width / 2) / plan.scale, plan.y - (y - box.height / 2) / plan.scale];
  plan.scale = Math.min(1e4, Math.max(1e-4, plan.scale * factor));
  plan.x = wx - (x - box.width / 2) / plan.scale; plan.y = wy + (y - box.height / 2) / plan.scale;
  drawPlan();
}

function planEvents() {
  const canvas = $("plan");
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => { drag = [e.offsetX, e.offsetY]; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (e) => {
    if (drag) {
      plan.x -= (e.offsetX - drag[0]) / plan.scale; plan.y += (e.offsetY - drag[1]) / plan.scale;
      drag = [e.offsetX, e.offsetY];
      drawPlan();
    } else {
      const i = nearest(e.offsetX, e.offsetY);
      if (i !== null && i !== plan.picked) pick(i);
    }
  });
  canvas.addEventListener("wheel", (e) => { e.preventDefault(); zoom(Math.exp(-e.deltaY * 0.0015), e.offsetX, e.offsetY); }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const step = 40 / plan.scale, box = canvas.getBoundingClientRect();
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[e.key]) { plan.x += moves[e.key][0]; plan.y += moves[e.key][1]; drawPlan(); }
    else if (e.key === "+" || e.key === "=") zoom(1.25, box.width / 2, box.height / 2);
    else if (e.key === "-") zoom(0.8, box.width / 2, box.height / 2);
    else if (e.key === "0") fit();
    else if (e.key === ".") pick(Math.min(data.track.t.length - 1, (plan.picked ?? -1) + 10));
    else if (e.key === ",") pick(Math.max(0, (plan.picked ?? 10) - 10));
    else return;
    e.preventDefault();
  });
  ["show-truth", "show-smoothed", "show-sigma", "show-level", "show-names"].forEach((id) => $(id).addEventListener("change", drawPlan));
  $("fit").addEventListener("click", fit);
  const modes = [...new Set(data.track.mode)];
  if (hasTruth) modes.unshift("truth");
  if (data.smoothed.t.length) modes.push("smoothed");
  modes.forEach((mode) => {
    const item = element("span", plain(mode)), swatch = element("i");
    swatch.style.background = `var(--${MODES[mode] || "ink"})`;
    item.prepend(swatch); $("legend").append(item);
  });
}

/* ---- errors */
function share(sorted, p) { return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : null; }
const finite = (values) => values.filter((v) => v !== null);
const sortedOf = (values) => finite(values).map(Math.abs).sort((a, b) => a - b);

function drawErrors() {
  const e = data.errors;
  if (!hasTruth) { $("errors-body").replaceChildren(element("p", "There is no truth to compare with.")); return; }
  const lines = [
    { x: e.t, y: e.horizontal, colour: colour("blue"), name: "error" },
    { x: e.t, y: e.sigma, colour: colour("dim"), name: "sigma" },
    { x: e.t, y: e.level, colour: colour("violet"), name: "protection level" },
  ];
  if (data.smoothed_errors.t.length) lines.push({ x: data.smoothed_errors.t, y: data.smoothed_errors.horizontal, colour: colour("good"), name: "smoothed" });
  plot($("error-plot"), { lines, unit: "m", logarithmic: true });
  const curve = (values, stroke, name) => {
    const sorted = sortedOf(values), n = sorted.length, keep = Math.max(1, Math.floor(n / 800));
    const at = sorted.map((_, i) => i).filter((i) => i % keep === 0 || i === n - 1);
    return { x: at.map((i) => sorted[i]), y: at.map((i) => 100 * (i + 1) / n), colour: stroke, name };
  };
  const curves = [curve(e.horizontal, colour("blue"), "online")];
  if (data.smoothed_errors.t.length) curves.push(curve(data.smoothed_errors.horizontal, colour("good"), "smoothed"));
  plot($("cdf-plot"), { lines: curves, unit: "%", xUnit: "m", least: 100, marks: [50, 95, 99] });
  const rows = [["horizontal m", e.horizontal], ["height m", e.height], ["heading deg", e.yaw]];
  if (data.smoothed_errors.t.length) rows.push(["smoothed, horizontal m", data.smoothed_errors.horizontal]);
  const filled = rows.filter(([, values]) => finite(values).length);
  table($("error-table"), ["", "rmse", "p50", "p95", "p99", "largest"], filled.map(([name, values]) => {
    const s = sortedOf(values), rmse = Math.sqrt(s.reduce((sum, v) => sum + v * v, 0) / s.length);
    return [name, number(rmse), number(share(s, 0.5)), number(share(s, 0.95)), number(share(s, 0.99)), number(s[s.length - 1])];
  }));
  const above = e.horizontal.filter((v, i) => v !== null && e.level[i] !== null && v > e.level[i]).length;
  $("error-note").textContent = `${above} of ${e.t.length} shown epochs are above the protection level. ` +
    "Curves are thinned; the summary's figures are of all epochs.";
}

/* ---- consistency */
function drawConsistency() {
  const s = data.sources[$("nis-source").value];
  if (s) {
    const t = s.nis.map((_, i) => (i + 0.5) * s.width_s), counts = s.used.map((u, i) => (u || 0) + (s.gated[i] || 0));
    const half = counts.map((n) => (n > 0 ? 1.96 * Math.sqrt(2 / n) : null));
    const known = t.map((_, i) => i).filter((i) => half[i] !== null);
    const band = { x: known.map((i) => t[i]), low: known.map((i) => Math.max(0.01, 1 - half[i])), high: known.map((i) => 1 + half[i]), colour: colour("good") };
    plot($("nis-plot"), { lines: [{ x: t, y: s.nis, colour: colour("blue"), name: "NIS" }], bands: known.length ? [band] : [], unit: "", logarithmic: true, marks: [1] });
  }
  plot($("nees-plot"), { lines: [{ x: data.errors.t, y: data.errors.nees, colour: colour("violet"), name: "NEES" }], unit: "", logarithmic: true, marks: hasTruth ? [1] : [] });
}

/* ---- sources */
function drawTimelines() {
  document.querySelectorAll(".timeline canvas").forEach((canvas, k) => {
    const s = data.sources[k], { c, width, height } = surface(canvas), n = Math.max(1, ...data.sources.map((o) => o.used.length * o.width_s));
    s.used.forEach((used, i) => {
      const all = used + s.gated[i] + s.refused[i] + s.other[i];
      if (!all) return;
      let y = height;
      [[used, "good"], [s.other[i], "dim"], [s.gated[i], "bad"], [s.refused[i], "warn"]].forEach(([count, name]) => {
        const part = height * count / all;
        c.fillStyle = colour(name); y -= part;
        c.fillRect(width * i * s.width_s / n, y, Math.max(0.6, width * s.width_s / n), part);
      });
    });
  });
}

function buildSources() {
  table($("source-table"), ["source", "seen", "used", "gated", "refused", "other", "NIS/dof"], data.summary.sources.map((row) => {
    const used = row.fused + row.down_weighted + row.relocated + row.motion;
    return [`${row.source} ${plain(row.kind)}`, row.seen, used, row.gated, row.unknown + row.other_refused, row.seen - used - row.gated - row.unknown - row.other_refused, number(row.nis_per_dof, 2)];
  }));
  data.sources.forEach((s) => {
    const line = element("div", undefined, "timeline");
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Verdicts of ${s.name} ${plain(s.kind)} over time: green used, red gated, amber refused, grey other`);
    line.append(element("span", `${s.name} ${plain(s.kind)}`), canvas); $("timelines").append(line);
  });
  data.sources.forEach((s, i) => {
    const option = () => { const o = element("option", `${s.name} ${plain(s.kind)}`); o.value = i; return o; };
    if (finite(s.nis).length) $("nis-source").append(option());
    if (data.refused.some((r) => r[1] === i)) $("refused-source").append(option());
  });
  $("nis-source").addEventListener("change", drawConsistency);
  $("refused-source").addEventListener("change", listRefused);
}

function listRefused() {
  const source = Number($("refused-source").value);
  const rows = data.refused.filter((r) => r[1] === source).slice(0, 500).map(([t, , target, fate, nis, gate, residual, sigma]) => {
    const why = fate === "gated" && nis !== null
      ? `off by ${number(residual)} (${number(Math.abs(residual / sigma), 1)} σ); within ${number(Math.sqrt(gate) * sigma)} would have passed`
      : plain(fate);
    return [number(t, 2), target ?? "", plain(fate), number(nis, 1), number(gate, 1), why];
  });
  table($("refused-table"), ["s", "target", "verdict", "NIS", "gate", "why"], rows, [1, 2, 5]);
}

/* ---- events, parameters, configuration */
function buildRest() {
  const total = Object.values(data.modes_s).reduce((a, b) => a + b, 0) || 1;
  table($("mode-table"), ["mode", "s", "%"], Object.entries(data.modes_s).map(([mode, s]) => [plain(mode), number(s, 1), number(100 * s / total, 1)]));
  table($("event-table"), ["s", "what", ""], data.events.map(([t, kind, text]) => [number(t, 2), kind, text]), [1, 2]);
  data.parameters.forEach((p, i) => { const o = element("option", p.name); o.value = i; $("parameter").append(o); });
  $("parameter").addEventListener("change", drawParameter);
  $("vehicle-toml").textContent = data.config["vehicle.toml"];
  $("site-toml").textContent = data.config["site.toml"];
  $("summary-json").textContent = JSON.stringify(data.summary, null, 2);
  const s = data.summary, parts = [`${number(s.span_s, 1)} s`, `${s.samples} samples`, `${number(s.distance_m, 0)} m travelled`];
  if (s.errors?.horizontal_m) parts.push(`horizontal error ${number(s.errors.horizontal_m.rmse)} m rmse, ${number(s.errors.horizontal_m.p95)} m p95`);
  if (s.smoothed?.errors?.horizontal_m) parts.push(`smoothed ${number(s.smoothed.errors.horizontal_m.rmse)} m rmse`);
  $("headline").textContent = parts.join(" · ");
}

function drawParameter() {
  const p = data.parameters[$("parameter").value];
  if (!p) return;
  const low = p.value.map((v, i) => v - p.sigma[i]), high = p.value.map((v, i) => v + p.sigma[i]);
  plot($("parameter-plot"), { lines: [{ x: p.t, y: p.value, colour: colour("blue"), name: "" }], bands: [{ x: p.t, low, high, colour: colour("blue") }], unit: "" });
}

function drawAll() { drawPlan(); drawErrors(); drawConsistency(); drawTimelines(); drawParameter(); }

$("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  drawAll();
});
buildSources(); buildRest(); planEvents(); fit(); listRefused(); drawAll();
addEventListener("resize", drawAll);
addEventListener("beforeprint", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
