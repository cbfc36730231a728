"use strict";
function startBoard() {
  showAges();
  const $ = (id) => document.getElementById(id);
  const form = $("filter");
  if (!form) return;
  const quiet = JSON.parse($("quiet").textContent);
  const environments = [...document.querySelectorAll("#apps thead th[data-env]")].map((cell) => cell.dataset.env);
  const body = $("rest"), more = $("more"), count = $("count");
  const STEP = 200;
  let shown = STEP;
  const rows = quiet.rows.map(([app, label, ...cells]) => ({
    app,
    cells: cells.map((number) => quiet.texts[number]),
    text: [app, quiet.texts[label], ...cells.map((number) => quiet.texts[number])].join(" ").toLowerCase(),
  }));
  const active = [...document.querySelectorAll("[data-text]")].map((element) => ({
    element,
    text: element.dataset.text.toLowerCase(),
    states: element.dataset.states.split(" "),
    envs: element.dataset.envs.split(" "),
    isRow: element.tagName === "TR",
  }));
  const pressed = () => [...form.querySelectorAll("button[aria-pressed=true]")].map((button) => button.value);

  function linkOf(app, env) {
    const link = document.createElement("a");
    link.href = `apps/${encodeURIComponent(env)}/${encodeURIComponent(app)}.html`;
    link.textContent = "details";
    link.setAttribute("aria-label", `Details of ${app} in ${env}`);
    return link;
  }

  function cellOf(text, app, env) {
    const cell = document.createElement("td");
    if (!text) {
      cell.className = "none";
      cell.textContent = "–";
      return cell;
    }
    const [version, strategy, time, who, page] = text.split("\t");
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.textContent = version;
    const note = document.createElement("div");
    note.className = "soft";
    note.textContent = time ? `${strategy}, ${ago(time)} by ${who}` : strategy;
    cell.append(tag, note);
    const live = document.createElement("div");
    live.dataset.live = `${env} ${app}`;
    cell.append(live);
    if (page) cell.append(linkOf(app, env));
    return cell;
  }

  function rowOf(row) {
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = row.app;
    line.append(head, ...row.cells.map((text, index) => cellOf(text, row.app, environments[index])));
    return line;
  }

  function show() {
    const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const env = $("env").value;
    const states = pressed();
    const index = environments.indexOf(env);
    let found = 0;
    for (const each of active) {
      const fits =
        words.every((word) => each.text.includes(word)) &&
        (!env || each.envs.includes(env)) &&
        (!states.length || states.some((state) => each.states.includes(env && each.isRow ? `${env}:${state}` : state)));
      each.element.hidden = !fits;
      found += fits && each.isRow;
    }
    const fitting = states.length
      ? []
      : rows.filter((row) => words.every((word) => row.text.includes(word)) && (!env || row.cells[index]));
    body.replaceChildren(...fitting.slice(0, shown).map(rowOf));
    document.dispatchEvent(new Event("rows"));
    more.hidden = fitting.length <= shown;
    more.textContent = `Show ${Math.min(STEP, fitting.length - shown)} more of ${fitting.length - shown}`;
    count.textContent = `${found + fitting.length} of ${rows.length + active.filter((each) => each.isRow).length} apps`;
  }

  form.addEventListener("input", () => { shown = STEP; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[aria-pressed]");
    if (!button) return;
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    shown = STEP;
    show();
  });
  more.addEventListener("click", () => { shown += STEP; show(); });
  show();
}

function ago(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  const [size, unit] = units.find(([size]) => seconds >= size) || [1, "s"];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

// Ages go on while a page is open. What a cluster said has the time of day instead.
function showAges() {
  for (const each of document.querySelectorAll("time[datetime]")) {
    if (!each.closest("[data-live]")) each.textContent = ago(each.dateTime);
  }
}

document.addEventListener("keydown", (event) => {
  const text = document.getElementById("text");
  if (event.key === "/" && text && !event.target.closest("input,select,textarea")) {
    event.preventDefault();
    text.focus();
  }
});
startBoard();
setInterval(showAges, 30000);
