// The page: a table of molecules, a map, and copying of SMILES.

const PAGE_SIZE = { cards: 24, table: 50 };
const RAMP = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"]; // Viridis.
const GROUPS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#882255", "#999999"]; // As in the charts.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data")?.textContent ?? "null");
const columns = data?.columns ?? [];
const drawn = columns.filter(({ kind }) => kind === "molecule");
const values = columns.filter(({ kind }) => kind !== "molecule");
const state = { rows: [], matching: new Set(), page: 0, points: null, pointed: null };

const valueOf = (column, row) => column.smiles ? column.smiles[column.cells[row]] ?? null : column.cells[row];
const rounded = (value) => Math.abs(value) < 1000 ? +value.toPrecision(4) : Math.round(value);
const shown = (value) => typeof value === "number" ? String(rounded(value)) : value ?? "–";
const structureOf = (column, row) => column.structures[column.cells[row]]; // "": a MOL file cannot hold it.
const draw = (column, row) => structureOf(column, row) ? drawStructure(structureOf(column, row), valueOf(column, row))
  : make("span", { class: "undrawn" }, valueOf(column, row));
const copyButton = (smiles) =>
  make("button", { type: "button", class: "smiles", title: "Copy SMILES", "data-smiles": smiles }, smiles);

// Tests of a row: conditions such as "qed>0.6", and texts that must occur.
function parseQuery(query) {
  const compare = { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b };
  const [tests, numbers] = [[], values.filter(({ kind }) => kind === "number")];
  // Names may have blanks, and one name may begin like another.
  const names = numbers.map(({ name }) => name.replace(/\W/g, "\\$&")).sort((a, b) => b.length - a.length).join("|");
  const condition = `(^|\\s)(${names || "(?!)"})\\s*(<=|>=|<|>)\\s*(-?[\\d.]+(?:e[+-]?\\d+)?)(?=\\s|$)`;
  const texts = query.replace(RegExp(condition, "gi"), (_, blank, typed, sign, number) => {
    const { cells } = numbers.find(({ name }) => name === typed)
      ?? numbers.find(({ name }) => name.toUpperCase() === typed.toUpperCase());
    tests.push((row) => cells[row] !== null && compare[sign](cells[row], +number));
    return " ";
  });
  // Upper and lower case differ in SMILES only.
  const contains = (word) => (row) => drawn.some((column) => valueOf(column, row)?.includes(word)) || values.some(
    ({ kind, cells }) => kind === "text" && cells[row].toLowerCase().includes(word.toLowerCase()));
  return [...tests, ...texts.split(/\s+/).filter((word) => word && word !== "and").map(contains)];
}

function update() {
  const tests = parseQuery(byId("query").value);
  const [index, direction] = byId("sort").value.split("\n");
  const column = columns[index];
  state.rows = [...Array(data.rows).keys()].filter((row) => tests.every((test) => test(row)));
  state.matching = new Set(state.rows);
  if (column) {
    const keys = new Map(state.rows.map((row) => [row, valueOf(column, row)]));
    // Missing values are last in both directions.
    const order = (a, b) => (a === null) - (b === null) || (direction === "down" ? -1 : 1) * (a < b ? -1 : +(a > b));
    state.rows.sort((a, b) => order(keys.get(a), keys.get(b)));
  }
  showPage(0);
  paintMap();
}

function showPage(page) {
  state.page = page;
  const view = byId("view").value;
  const [begin, end, total] = [page * PAGE_SIZE[view], (page + 1) * PAGE_SIZE[view], state.rows.length];
  const rows = state.rows.slice(begin, end);
  byId("molecules").replaceChildren(view === "cards" ? cards(rows) : table(rows));
  const among = total < data.rows ? ` (${data.rows.toLocaleString("en")} in all)` : "";
  const omitted = state.rows.filter((row) => !structureOf(drawn[0], row)).length;
  const range = total ? `${begin + 1}–${begin + rows.length} of ${total.toLocaleString("en")} molecules` : "No molecule matches";
  byId("status").textContent = range + among + (omitted ? `; an SDF download leaves out ${omitted.toLocaleString("en")}` : "");
  [byId("previous").disabled, byId("next").disabled] = [page === 0, end >= total];
}

function cards(rows) {
  const isPair = drawn.length > 1;
  const figure = (column, row) => make("figure", {}, draw(column, row),
    ...(isPair ? [make("figcaption", {}, column === drawn[0] ? "molecule" : column.name)] : []));
  return make("ul", { class: "cards" }, ...rows.map((row) => make("li", isPair ? { class: "pair" } : {},
    make("div", { class: "drawings" },
      ...drawn.filter((column) => valueOf(column, row) !== null).map((column) => figure(column, row))),
    make("dl", {}, ...values.flatMap(({ name, cells }) => [make("dt", {}, name), make("dd", {}, shown(cells[row]))])),
    copyButton(valueOf(drawn[0], row)))));
}

function table(rows) {
  const [sorted, direction] = byId("sort").value.split("\n");
  const heading = ({ name, kind }, index) => {
    const order = String(index) === sorted ? { down: "descending", up: "ascending" }[direction] : "none";
    const arrow = { descending: " ▼", ascending: " ▲", none: "" }[order];
    return make("th", { scope: "col", class: kind, "aria-sort": order },
      make("button", { type: "button", "data-sort": index }, name + arrow));
  };
  const cell = (column, row) => make("td", { class: column.kind },
    ...(valueOf(column, row) === null || !column.smiles ? [shown(valueOf(column, row))]
      : [draw(column, row), copyButton(valueOf(column, row))]));
  return make("table", {}, make("thead", {}, make("tr", {}, ...columns.map(heading))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...columns.map((column) => cell(column, row))))));
}

function csvText(rows) {
  // A spreadsheet would run a text that begins like a formula; signed numbers are none, as in the files of molvae.
  const formula = /^(?![+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|-inf$)[=+\-@\t\r\n]/;
  const quote = (value) => {
    const text = String(value ?? "").replace(formula, "'$&");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => valueOf(column, row)));
  return [columns.map(({ name }) => name), ...lines].map((line) => `${line.map(quote).join(",")}\n`).join("");
}

function sdfText(rows) {
  const field = (column, row) => `>  <${column.name.replace(/[<>\s]/g, "_")}>\n${String(valueOf(column, row)).replace(/\s+/g, " ")}\n\n`;
  const fields = (row) => columns.filter((column) => valueOf(column, row) !== null).map((column) => field(column, row));
  return rows.filter((row) => structureOf(drawn[0], row))
    .map((row) => `${molFile(structureOf(drawn[0], row))}${fields(row).join("")}$$$$\n`).join("");
}

const download = (ending, type, text) =>
  make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: `${data.name}.${ending}` }).click();

// A color for each row, and the legend: a ramp for numbers, the most frequent texts.
function colorScale({ kind, cells } = {}) {
  if (!kind) return { legend: [], color: () => GROUPS[0] };
  const known = cells.filter((value) => value !== null);
  if (kind === "text") {
    const counts = known.reduce((all, name) => all.set(name, (all.get(name) ?? 0) + 1), new Map());
    const names = [...counts].sort((a, b) => b[1] - a[1]).slice(0, GROUPS.length).map(([name]) => name);
    const entry = (name, at) => make("span", {}, make("i", { style: `background:${GROUPS[at]}` }), name);
    return { legend: names.map(entry), color: (row) => GROUPS[names.indexOf(cells[row])] ?? "#888" };
  }
  known.sort((a, b) => a - b);
  const [low, high] = [0.02, 0.98].map((share) => known[Math.floor(share * (known.length - 1))] ?? null);
  const step = (value) => Math.floor(((value - low) / (high - low || 1)) * RAMP.length);
  const ramp = make("i", { class: "ramp", style: `background:linear-gradient(90deg,${RAMP})` });
  const color = (row) => cells[row] === null ? "#888" : RAMP[Math.max(0, Math.min(RAMP.length - 1, step(cells[row])))];
  return { legend: [shown(low), ramp, shown(high)], color };
}

function paintMap() {
  const canvas = byId("map");
  if (!canvas) return;
  const [width, height, density] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  [canvas.width, canvas.height] = [width * density, height * density];
  const place = (size) => (share) => share === null ? null : 16 + share * (size - 32);
  const [x, y] = Object.values(data.maps)[byId("map-kind").value].map((shares, axis) => shares.map(place(axis ? height : width)));
  state.points = { x, y };
  const { color, legend } = colorScale(values[byId("map-color").value]);
  byId("map-legend").replaceChildren(...legend);
  const context = canvas.getContext("2d");
  context.scale(density, density);
  // Outlines, as the ends of a ramp are close to white or to black.
  [context.strokeStyle, context.lineWidth] = [getComputedStyle(canvas).color, 0.6];
  const placed = [...x.keys()].filter((row) => x[row] !== null);
  for (const isMatching of [false, true]) {
    context.globalAlpha = isMatching ? 0.9 : 0.2;
    for (const row of placed.filter((row) => state.matching.has(row) === isMatching)) {
      context.fillStyle = isMatching ? color(row) : "#888";
      context.beginPath();
      context.arc(x[row], y[row], data.rows > 2000 ? 2.5 : 4, 0, 7);
      context.fill();
      context.stroke();
    }
  }
}

// The matching molecule nearest to a position; with a direction the nearest ahead.
function nearest(left, top, limit, direction) {
  const { x, y } = state.points;
  let [best, distance] = [null, limit];
  for (const row of state.matching) {
    const [dx, dy] = [x[row] - left, y[row] - top];
    const [away, ahead] = [Math.hypot(dx, dy), direction ? dx * direction[0] + dy * direction[1] : Infinity];
    const length = direction ? (away * away) / ahead : away;
    if (x[row] !== null && ahead > 0 && length < distance) [best, distance] = [row, length];
  }
  return best;
}

function point(row) {
  const tip = byId("map-card");
  state.pointed = row;
  tip.hidden = row === null;
  if (row === null) return;
  const lines = values.slice(0, 6).map((column) => make("p", {}, `${column.name} ${shown(column.cells[row])}`));
  tip.replaceChildren(draw(drawn[0], row), make("p", { class: "smiles" }, valueOf(drawn[0], row)), ...lines);
  const left = Math.min(state.points.x[row] + 14, byId("map").clientWidth - 220);
  tip.style.translate = `${Math.max(0, left)}px ${state.points.y[row] + 14}px`;
}

async function copy(text) {
  const show = (notice) => { byId("notice").textContent = notice; };
  await navigator.clipboard.writeText(text).then(() => show("SMILES copied"),
    () => show("The browser does not allow copying; select the SMILES instead"));
  setTimeout(show, 2000, "");
}

function startTable() {
  const option = (index, direction, text) => make("option", { value: `${index}\n${direction}` }, text);
  byId("sort").append(option("", "", "given order"), ...columns.flatMap(({ name }, index) =>
    [option(index, "down", `${name} ▼`), option(index, "up", `${name} ▲`)]));
  byId("view").value = data.table ? "table" : "cards";
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["query", "sort"]) byId(id).addEventListener("input", update);
  byId("view").addEventListener("input", () => showPage(0));
  const clicks = {
    previous: () => showPage(state.page - 1), next: () => showPage(state.page + 1),
    csv: () => download("csv", "text/csv", csvText(state.rows)),
    sdf: () => download("sdf", "chemical/x-mdl-sdfile", sdfText(state.rows)),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
}

function startMap(map) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const names = { "map-kind": Object.keys(data.maps), "map-color": values.map(({ name }) => name) };
  const copyPointed = () => state.pointed !== null && copy(valueOf(drawn[0], state.pointed));
  for (const [id, options] of Object.entries(names)) {
    byId(id).append(...options.map((name, index) => make("option", { value: index }, name)));
    byId(id).addEventListener("change", paintMap);
  }
  byId("map-color").parentElement.hidden = values.length === 0;
  addEventListener("resize", paintMap);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintMap);
  map.addEventListener("pointermove", ({ offsetX, offsetY }) => point(nearest(offsetX, offsetY, 14)));
  map.addEventListener("pointerleave", () => point(null));
  map.addEventListener("click", copyPointed);
  map.addEventListener("keydown", (event) => {
    if (event.key === "Enter") copyPointed();
    if (event.key === "Escape") point(null);
    if (!steps[event.key]) return;
    event.preventDefault();
    const [row, { x, y }] = [state.pointed, state.points];
    const next = row === null ? nearest(0, 0, Infinity) : nearest(x[row], y[row], Infinity, steps[event.key]);
    point(next ?? row);
  });
}

addEventListener("click", ({ target }) => {
  const { smiles, sort } = target.closest("[data-smiles], [data-sort]")?.dataset ?? {};
  if (smiles) copy(smiles);
  if (!sort) return;
  byId("sort").value = `${sort}\n${byId("sort").value === `${sort}\ndown` ? "up" : "down"}`;
  update();
  document.querySelector(`[data-sort="${sort}"]`).focus();
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((node) => (node.open = true)));
if (data) {
  startTable();
  if (byId("map")) startMap(byId("map"));
  update();
}
