/* ---- both tracks */
const RUNS = [["A", "a", "blue"], ["B", "b", "warn"]];
let marked = null;

function drawTracks(c, { px, py, line }) {
  if ($("show-truth").checked) line(data.truth, colour("ink"), 3);
  RUNS.forEach(([, key, shade]) => { if ($("show-" + key).checked) line(data[key], colour(shade), 1.6); });
  if (!marked) return;
  c.strokeStyle = colour("bad"); c.lineWidth = 9; c.globalAlpha = 0.25; c.beginPath();
  data.t.forEach((t, i) => { if (t >= marked[0] && t <= marked[1]) c.lineTo(px(data.truth.x[i]), py(data.truth.y[i])); });
  c.stroke(); c.globalAlpha = 1;
}

function drawPicked(c, { px, py, picked }) {
  if (picked === null) return;
  const at = (of) => [px(of.x[picked]), py(of.y[picked])];
  RUNS.forEach(([, key, shade]) => {
    c.strokeStyle = colour(shade); c.lineWidth = 2;
    c.beginPath(); c.moveTo(...at(data.truth)); c.lineTo(...at(data[key])); c.stroke();
    c.beginPath(); c.arc(...at(data[key]), 5, 0, 2 * Math.PI); c.stroke();
  });
}

function told(i) {
  const [a, b] = [data.a.error[i], data.b.error[i]];
  return `${number(data.t[i], 2)} s at x ${number(data.truth.x[i])} y ${number(data.truth.y[i])} m: A is off by ${number(a)} m, ` +
    `B by ${number(b)} m` + (a === b ? "" : `; ${a < b ? "A" : "B"} is nearer by ${number(Math.abs(a - b))} m`);
}

const plan = place($("plan"), {
  tracks: [data.truth, data.a, data.b],
  over: drawTracks,
  top: drawPicked,
  count: data.t.length,
  find: (x, y) => {
    const shown = RUNS.filter(([, key]) => $("show-" + key).checked).map(([, key]) => plan.nearest(data[key], x, y));
    return shown.find((at) => at !== null) ?? null;
  },
  told,
});

/* Shows a stretch of time on the plan. */
function mark(from, until) {
  const within = data.t.map((_, i) => i).filter((i) => data.t[i] >= from && data.t[i] <= until);
  const part = (of) => ({ x: within.map((i) => of.x[i]), y: within.map((i) => of.y[i]) });
  marked = [from, until];
  const all = [data.truth, data.a, data.b].map(part), x = finite(all.flatMap((p) => p.x)), y = finite(all.flatMap((p) => p.y));
  if (x.length) plan.show([Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)]);
  $("plan").scrollIntoView({ block: "center" });
}

/* ---- errors */
function drawErrors() {
  const curves = RUNS.map(([name, key, shade]) => [data[key].error, colour(shade), name]);
  plot($("error-plot"), { lines: curves.map(([y, stroke, name]) => ({ x: data.t, y, colour: stroke, name })), unit: "m", logarithmic: true });
  plotShares($("cdf-plot"), curves);
  const x = data.blocks.flatMap(([from, until]) => [from, until, until]);
  const y = data.blocks.flatMap(([, , a, b]) => [a - b, a - b, null]);
  plot($("difference-plot"), { lines: [{ x, y, colour: colour("violet"), name: "A − B", width: 2.5 }], unit: "m", marks: [0] });
}

function build() {
  const { of, ratio, interval, stretches, epochs, blocks } = data.compared;
  $("headline").textContent = `${data.verdict[0].toUpperCase() + data.verdict.slice(1)}: error of B over that of A ${number(ratio)}, 95 % within ` +
    `${number(interval[0])} and ${number(interval[1])} · ${epochs} times of the truth, ${blocks} blocks of 10 s`;
  legend([["truth", "ink"], ...RUNS.map(([name, , shade], k) => [`${name}: ${data.runs[k].name}`, shade])]);
  table($("error-table"), ["horizontal m", "rmse", "p50", "p95", "p99", "largest"],
    RUNS.map(([name], k) => [name, ...["rmse_m", "p50_m", "p95_m", "p99_m", "max_m"].map((f) => number(of[k][f]))]));
  table($("stretch-table"), ["from s", "until s", "A, rmse m", "B, rmse m", ""], stretches.map((s) =>
    [number(s.from_s - data.begin_s, 1), number(s.until_s - data.begin_s, 1), number(s.rmse_m[0]), number(s.rmse_m[1]), ""]));
  stretches.forEach((s, i) => {
    const button = element("button", "Show");
    button.type = "button";
    button.addEventListener("click", () => mark(s.from_s - data.begin_s - 0.01, s.until_s - data.begin_s + 0.01));
    $("stretch-table").lastChild.children[i].lastChild.append(button);
  });
  const summaries = data.runs.map((run) => run.summary?.sources ?? []);
  const names = [...new Set(summaries.flat().map(sourceName))];
  if (!names.length) { $("sources").replaceChildren(element("p", "There is no summary.json beside them.")); return; }
  const both = (name, of) => summaries.map((rows) => { const row = rows.find((r) => sourceName(r) === name); return row ? of(row) : "–"; });
  table($("source-table"), ["source", "used, A", "B", "gated, A", "B", "NIS/dof, A", "B"], names.map((name) =>
    [name, ...both(name, usedOf), ...both(name, (row) => row.gated), ...both(name, (row) => number(row.nis_per_dof, 2))]));
}

build(); plan.fit();
begin(() => { plan.draw(); drawErrors(); });
