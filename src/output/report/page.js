/* ---- the track */
const MODES = { cold: "dim", aligning: "violet", tracking: "blue", dead_reckoning: "warn", lost: "bad", smoothed: "good" };
const hasTruth = data.errors.t.length > 0;

function drawTrack(c, view) {
  const track = data.track, { px, py, line } = view;
  if ($("show-truth").checked) line(data.errors, colour("ink"), 3);
  if ($("show-smoothed").checked) line(data.smoothed, colour("good"), 1.5);
  const circles = (radius, stroke) => {
    c.strokeStyle = stroke; c.globalAlpha = 0.25; c.lineWidth = 1;
    const step = Math.max(1, Math.floor(track.t.length / 400));
    for (let i = 0; i < track.t.length; i += step) {
      if (radius[i] === null) continue;
      c.beginPath(); c.arc(px(track.x[i]), py(track.y[i]), Math.max(0.5, radius[i] * view.scale), 0, 2 * Math.PI); c.stroke();
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
}

function drawPicked(c, { px, py, picked }) {
  if (picked === null) return;
  const track = data.track, [x, y] = [px(track.x[picked]), py(track.y[picked])], turn = (track.yaw[picked] || 0) * Math.PI / 180;
  c.strokeStyle = colour("ink"); c.lineWidth = 2; c.beginPath(); c.arc(x, y, 7, 0, 2 * Math.PI);
  c.moveTo(x, y); c.lineTo(x + 16 * Math.cos(turn), y - 16 * Math.sin(turn)); c.stroke();
}

function told(i) {
  const track = data.track;
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
  const then = data.sources.map((s) => {
    const k = Math.floor(t / s.width_s), refused = (s.gated[k] || 0) + (s.refused[k] || 0);
    return s.used[k] || refused ? `${s.name} ${plain(s.kind)}: ${s.used[k] || 0} used${refused ? `, ${refused} refused` : ""}` : null;
  }).filter(Boolean);
  return parts.join("; ") + (then.length ? ". About then: " + then.join("; ") : "");
}

const plan = place($("plan"), {
  tracks: [data.track, data.errors],
  over: drawTrack,
  top: drawPicked,
  count: data.track.t.length,
  find: (x, y) => plan.nearest(data.track, x, y),
  told,
});

function buildLegend() {
  const modes = [...new Set(data.track.mode)];
  if (hasTruth) modes.unshift("truth");
  if (data.smoothed.t.length) modes.push("smoothed");
  legend(modes.map((mode) => [mode, MODES[mode] || "ink"]));
}

/* ---- errors */
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
  const curves = [[e.horizontal, colour("blue"), "online"]];
  if (data.smoothed_errors.t.length) curves.push([data.smoothed_errors.horizontal, colour("good"), "smoothed"]);
  plotShares($("cdf-plot"), curves);
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
    const used = usedOf(row);
    return [sourceName(row), row.seen, used, row.gated, row.unknown + row.other_refused, row.seen - used - row.gated - row.unknown - row.other_refused, number(row.nis_per_dof, 2)];
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

buildLegend(); buildSources(); buildRest(); plan.fit(); listRefused();
begin(() => { plan.draw(); drawErrors(); drawConsistency(); drawTimelines(); drawParameter(); });
