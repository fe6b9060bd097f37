"use strict";
(() => {
  // A finding is a row of the report's data: see comply.report.page_data.
  const SEVERITY = 0, STATUS = 1, RULE = 2, FILE = 3, WORLD = 4, REMEDY = 5;
  const LINE = 6, COLUMN = 7, FACT = 8, MESSAGE = 9, EXCERPT = 10, EVIDENCE = 11;
  const LEFT_OUT = 12, EXEMPTION = 13;
  const PAGE = 100, PRINTED = 5000, AREAS = 40, BARS = 15, SUGGESTED = 300;
  const MARKUP = "http://www.w3.org/2000/svg";

  const byId = (id) => document.getElementById(id);
  const tables = JSON.parse(byId("tables").textContent);
  const findings = [];
  for (const script of document.querySelectorAll("script.rows")) {
    for (const row of JSON.parse(script.textContent)) findings.push(row);
    script.remove();
  }
  const { severities, statuses, rules, files, worlds, remedies } = tables;
  const exempt = statuses.indexOf("exempt");
  const facets = {
    severity: { column: SEVERITY, names: severities },
    status: { column: STATUS, names: statuses },
    world: { column: WORLD, names: worlds },
    rule: { column: RULE, names: rules.map((rule) => rule[0]) },
    file: { column: FILE, names: files },
  };
  const state = {
    severity: new Set(), status: new Set(), world: "", rule: "", file: "", text: "",
    sort: "severity", descending: true, page: 0,
  };
  let shown = [];
  let haystacks = null;

  // ---- building elements: text only, never markup ----

  function element(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  function drawn(name, attributes, ...children) {
    const node = document.createElementNS(MARKUP, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  const value = (text, name = "span") => element(name, { class: "value", dir: "auto" }, text);
  // A line of a narrow column may end after each slash.
  function path(text) {
    const parts = text.split(/(?<=\/)/).flatMap((part) => [element("wbr"), part]);
    return element("span", { class: "value", dir: "auto" }, ...parts);
  }
  const many = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  // ---- filters ----

  function accepted(names, typed) {
    if (!typed) return null;
    const wanted = typed.toLowerCase();
    const whole = names.includes(typed);
    const passes = (name) => (whole ? name === typed : name.toLowerCase().includes(wanted));
    return new Set(names.map((_, i) => i).filter((i) => passes(names[i])));
  }
  function haystack(i) {
    haystacks ??= new Array(findings.length);
    const row = findings[i];
    return (haystacks[i] ??= [row[FACT], row[MESSAGE], ...rules[row[RULE]], files[row[FILE]]]
      .join("\n").toLowerCase());
  }
  // Counts a finding for a facet if all *other* filters let it pass, so that a number
  // beside a choice says what choosing it would show.
  function filter() {
    const wanted = [
      [SEVERITY, state.severity.size ? state.severity : null],
      [STATUS, state.status.size ? state.status : null],
      [WORLD, accepted(worlds, state.world)],
      [RULE, accepted(facets.rule.names, state.rule)],
      [FILE, accepted(files, state.file)],
    ].filter(([, choice]) => choice);
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = { [SEVERITY]: new Map(), [STATUS]: new Map() };
    const add = (column, row) => counts[column].set(row[column], (counts[column].get(row[column]) ?? 0) + 1);
    const result = [];
    for (let i = 0; i < findings.length; i++) {
      const row = findings[i];
      const failed = wanted.filter(([column, choice]) => !choice.has(row[column]));
      if (failed.length > 1) continue;
      if (words.length && !words.every((word) => haystack(i).includes(word))) continue;
      if (failed.length === 0) {
        result.push(row);
        add(SEVERITY, row);
        add(STATUS, row);
      } else if (counts[failed[0][0]]) {
        add(failed[0][0], row);
      }
    }
    shown = result;
    return counts;
  }
  const orders = {
    severity: (a, b) => (a[STATUS] === exempt) - (b[STATUS] === exempt) || b[SEVERITY] - a[SEVERITY],
    status: (a, b) => a[STATUS] - b[STATUS],
    finding: (a, b) => compared(a[FACT], b[FACT]) || compared(a[MESSAGE], b[MESSAGE]),
    place: (a, b) => compared(files[a[FILE]], files[b[FILE]]) || a[LINE] - b[LINE],
    rule: (a, b) => compared(rules[a[RULE]][0], rules[b[RULE]][0]),
  };
  const compared = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  function sort() {
    const order = orders[state.sort];
    // The first direction of severities is from the worst down.
    const turned = state.descending !== (state.sort === "severity");
    shown.sort(turned ? (a, b) => order(b, a) : order);
  }

  // ---- the picture ----

  function groups() {
    const { column, names } = facets[byId("group").value];
    const found = new Map();
    for (const row of shown) {
      const name = names[row[column]];
      let group = found.get(name);
      if (!group) {
        group = { key: row[column], name: name || "whole run", total: 0, parts: new Array(severities.length + 1).fill(0) };
        found.set(name, group);
      }
      group.total++;
      group.parts[row[STATUS] === exempt ? 0 : row[SEVERITY] + 1]++;
    }
    return [...found.values()].sort((a, b) => b.total - a.total || compared(a.name, b.name));
  }
  const worst = (group) => {
    const at = group.parts.findLastIndex((part) => part > 0);
    return at > 0 ? severities[at - 1] : "exempt";
  };
  // Squarified treemaps (Bruls, Huizing, van Wijk 2000): rows are filled along the
  // shorter side for as long as that makes the areas more like squares.
  function squarified(list, box) {
    const placed = [];
    let { x, y, width, height } = box;
    const scale = (width * height) / list.reduce((sum, group) => sum + group.total, 0);
    let i = 0;
    while (i < list.length) {
      const side = Math.min(width, height);
      let sum = 0, end = i, ratio = Infinity;
      while (end < list.length) {
        const next = sum + list[end].total * scale;
        const thick = next / side;
        let bad = 1;
        for (const group of [list[i], list[end]]) {
          const long = (group.total * scale) / thick;
          bad = Math.max(bad, thick / long, long / thick);
        }
        if (bad > ratio) break;
        ratio = bad;
        sum = next;
        end++;
      }
      const thick = sum / side;
      let along = 0;
      for (; i < end; i++) {
        const long = (list[i].total * scale) / thick;
        placed.push(width >= height
          ? { group: list[i], x, y: y + along, width: thick, height: long }
          : { group: list[i], x: x + along, y, width: long, height: thick });
        along += long;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    }
    return placed;
  }
  function fitted(text, room) {
    const most = Math.floor(room / 8.3);
    return text.length <= most ? text : most < 5 ? "" : `\u2026${text.slice(1 - most)}`;
  }
  function chooser(group, ...children) {
    const label = `${group.name}: ${many(group.total, "finding")}, worst ${worst(group)}`;
    const about = { role: "button", tabindex: "-1", "data-key": group.key, "aria-label": label };
    return drawn("g", about, drawn("title", {}, label), ...children);
  }
  function map(list) {
    const box = { x: 0, y: 0, width: 1200, height: 300 };
    const svg = drawn("svg", { viewBox: "0 0 1200 300" });
    for (const { group, x, y, width, height } of squarified(list, box)) {
      const shape = { x, y, width, height };
      const node = chooser(group, drawn("rect", { ...shape, class: `fill-${worst(group)}` }), drawn("rect", { ...shape, class: "ring" }));
      const label = height >= 24 ? fitted(group.name, width - 14) : "";
      if (label) node.append(drawn("text", { x: x + 8, y: y + 19, class: "on strong" }, label));
      const below = `${group.total.toLocaleString("en")} ${worst(group)}`;
      if (label && height >= 42 && fitted(below, width - 14) === below) {
        node.append(drawn("text", { x: x + 8, y: y + 37, class: "on" }, below));
      }
      svg.append(node);
    }
    return svg;
  }
  function bars(list) {
    const row = 28, left = 330, room = 780;
    const svg = drawn("svg", { viewBox: `0 0 1200 ${list.length * row}` });
    const most = Math.max(...list.map((group) => group.total));
    list.forEach((group, i) => {
      const y = i * row;
      const node = chooser(group, drawn("rect", { x: 0, y, width: 1200, height: row, class: "area" }));
      node.append(drawn("text", { x: left - 10, y: y + 19, "text-anchor": "end" }, fitted(group.name, left - 12)));
      let x = left;
      for (let part = group.parts.length - 1; part >= 0; part--) {
        const width = (group.parts[part] / most) * room;
        if (!width) continue;
        const name = part > 0 ? severities[part - 1] : "exempt";
        node.append(drawn("rect", { x, y: y + 5, width, height: row - 10, class: `fill-${name}` }));
        x += width;
      }
      node.append(drawn("text", { x: x + 8, y: y + 19, class: "strong" }, group.total.toLocaleString("en")));
      node.append(drawn("rect", { x: 1, y: y + 1, width: 1198, height: row - 2, class: "ring" }));
      svg.append(node);
    });
    return svg;
  }
  function picture() {
    const holder = byId("picture");
    if (!shown.length) {
      holder.replaceChildren();
      byId("rest").textContent = "";
      return;
    }
    const asMap = byId("form").value === "map";
    const all = groups(), most = all.slice(0, asMap ? AREAS : BARS);
    const svg = asMap ? map(most) : bars(most);
    const rest = all.slice(most.length).reduce((sum, group) => sum + group.total, 0);
    byId("rest").textContent = rest ? `Not drawn: ${many(all.length - most.length, "smaller group")} with ${many(rest, "finding")}.` : "";
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `${many(shown.length, "finding")} by ${byId("group").value}`);
    svg.querySelector('[role="button"]').setAttribute("tabindex", "0");
    holder.replaceChildren(svg);
  }
  function choose(node) {
    const group = byId("group").value;
    const key = Number(node.dataset.key);
    if (group === "severity" || group === "status") {
      state[group] = new Set([key]);
      for (const box of byId(group).querySelectorAll("input")) box.checked = Number(box.value) === key;
    } else {
      state[group] = facets[group].names[key];
      byId(group).value = state[group];
    }
    refresh();
    byId("findings").focus({ preventScroll: true });
    byId("findings").scrollIntoView({ block: "start" });
  }
  function step(node, by) {
    const all = [...byId("picture").querySelectorAll('[role="button"]')];
    const next = all[all.indexOf(node) + by];
    if (!next) return;
    node.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  // ---- the table ----

  const COLUMNS = [["severity", "Severity"], ["status", "Status"], ["finding", "Finding"], ["place", "Place"], ["rule", "Rule"]];
  function columns() {
    byId("columns").replaceChildren(...COLUMNS.map(([key, title]) => {
      const sorted = state.sort !== key ? "none" : state.descending ? "descending" : "ascending";
      return element("th", { scope: "col", "aria-sort": sorted }, element("button", { type: "button", "data-sort": key }, title));
    }));
  }
  function place(row) {
    const file = files[row[FILE]];
    return row[LINE] ? `${file}:${row[LINE]}:${row[COLUMN]}` : file;
  }
  function tableRow(row, open) {
    const severity = severities[row[SEVERITY]];
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false" },
      value(row[FACT] || rules[row[RULE]][1] || rules[row[RULE]][0]));
    const cell = element("td", {}, button, value(row[MESSAGE], "div"));
    if (row[REMEDY]) cell.append(element("div", { class: "remedy" }, "\u2192 ", value(remedies[row[REMEDY]])));
    const line = element("tr", {},
      element("td", {}, element("span", { class: `word ${severity}` }, severity)),
      element("td", {}, statuses[row[STATUS]]),
      cell,
      element("td", {}, path(place(row))),
      element("td", {}, path(rules[row[RULE]][0])));
    button.addEventListener("click", () => toggle(line, row, button));
    return open ? [line, details(row)] : [line];
  }
  function toggle(line, row, button) {
    const opened = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!opened));
    if (opened) line.nextElementSibling.remove();
    else line.after(details(row));
  }
  function details(row) {
    const list = element("dl");
    const entry = (title, ...content) => list.append(element("dt", {}, title), element("dd", {}, ...content));
    const [id, title] = rules[row[RULE]];
    if (title && title !== id) entry("Rule", value(title));
    if (row[FACT]) entry("Fact", value(row[FACT]));
    if (row[REMEDY]) entry("Remediation", value(remedies[row[REMEDY]]));
    for (const [name, text] of row[EXEMPTION] ?? []) entry(name, value(text));
    if (row[EXCERPT]) entry(`Line ${row[LINE]}`, value(row[EXCERPT], "code"));
    if (row[EVIDENCE]) entry("Evidence", evidence(row[EVIDENCE], row[LEFT_OUT] ?? 0));
    entry("World", worlds[row[WORLD]]);
    return element("tr", { class: "details" }, element("td", { colspan: "5" }, list));
  }
  function evidence(rows, leftOut) {
    const keys = [...new Set(rows.flatMap((pairs) => pairs.map(([key]) => key)))];
    const head = element("tr", {}, ...keys.map((key) => element("th", { scope: "col" }, value(key))));
    const body = rows.map((pairs) => {
      const cells = new Map(pairs);
      return element("tr", {}, ...keys.map((key) => element("td", {}, value(cells.get(key) ?? ""))));
    });
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
    return leftOut ? element("div", {}, table, `${leftOut.toLocaleString("en")} more rows are in the JSON report.`) : table;
  }
  function page() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const start = state.page * PAGE;
    const part = shown.slice(start, start + PAGE);
    byId("rows").replaceChildren(...part.flatMap((row) => tableRow(row, false)));
    byId("none").hidden = shown.length > 0;
    byId("first").disabled = byId("previous").disabled = state.page === 0;
    byId("next").disabled = byId("last").disabled = state.page === pages - 1;
    const range = shown.length > PAGE ? `${(start + 1).toLocaleString("en")}\u2013${(start + part.length).toLocaleString("en")} of ` : "";
    const all = shown.length < findings.length ? ` (${findings.length.toLocaleString("en")} without filters)` : "";
    byId("shown").textContent = `${range}${many(shown.length, "finding")}${all}`;
  }

  // ---- wiring ----

  function numbered(counts) {
    for (const facet of ["severity", "status"]) {
      for (const box of byId(facet).querySelectorAll("input")) {
        const count = counts[facets[facet].column].get(Number(box.value)) ?? 0;
        box.nextElementSibling.textContent = ` (${count.toLocaleString("en")})`;
      }
    }
  }
  function refresh() {
    state.page = 0;
    numbered(filter());
    sort();
    picture();
    columns();
    page();
  }
  function boxes(facet, order) {
    const present = new Set(findings.map((row) => row[facets[facet].column]));
    for (const i of order.filter((each) => present.has(each))) {
      const box = element("input", { type: "checkbox", value: i });
      box.addEventListener("change", () => {
        if (box.checked) state[facet].add(i);
        else state[facet].delete(i);
        refresh();
      });
      byId(facet).append(element("label", {}, box, ` ${facets[facet].names[i]}`, element("span")));
    }
  }
  function suggestions(id, names, column) {
    const counts = new Array(names.length).fill(0);
    for (const row of findings) counts[row[column]]++;
    const order = names.map((_, i) => i).filter((i) => names[i]).sort((a, b) => counts[b] - counts[a]);
    byId(id).append(...order.slice(0, SUGGESTED).map((i) => element("option", { value: names[i] })));
  }
  function later(act) {
    let timer = 0;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(act, findings.length > 20000 ? 150 : 30);
    };
  }
  function filters() {
    boxes("severity", severities.map((_, i) => i).reverse());
    boxes("status", statuses.map((_, i) => i));
    byId("world").append(...worlds.map((name) => element("option", { value: name }, name)));
    suggestions("rules", facets.rule.names, RULE);
    suggestions("files", files, FILE);
    for (const field of ["text", "rule", "file", "world"]) {
      byId(field).addEventListener("input", later(() => {
        state[field] = byId(field).value.trim();
        refresh();
      }));
    }
    const form = byId("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => {
      Object.assign(state, { severity: new Set(), status: new Set(), world: "", rule: "", file: "", text: "" });
      setTimeout(refresh);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") form.reset();
    });
  }
  function pictures() {
    byId("group").addEventListener("change", picture);
    byId("form").addEventListener("change", picture);
    const holder = byId("picture");
    holder.addEventListener("click", (event) => {
      const node = event.target.closest('[role="button"]');
      if (node) choose(node);
    });
    holder.addEventListener("keydown", (event) => {
      const node = event.target.closest('[role="button"]');
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!node || !(by || event.key === "Enter" || event.key === " ")) return;
      event.preventDefault();
      if (by) step(node, by);
      else choose(node);
    });
  }
  function pages() {
    const go = (number) => () => { state.page = number(); page(); };
    byId("first").addEventListener("click", go(() => 0));
    byId("previous").addEventListener("click", go(() => state.page - 1));
    byId("next").addEventListener("click", go(() => state.page + 1));
    byId("last").addEventListener("click", go(() => Infinity));
    byId("columns").addEventListener("click", (event) => {
      const key = event.target.dataset.sort;
      if (!key) return;
      state.descending = state.sort === key ? !state.descending : key === "severity";
      state.sort = key;
      state.page = 0;
      sort();
      columns();
      page();
      byId("columns").querySelector(`[data-sort="${key}"]`).focus();
    });
    byId("rows").addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by || !event.target.classList.contains("open")) return;
      event.preventDefault();
      const all = [...byId("rows").querySelectorAll(".open")];
      all[all.indexOf(event.target) + by]?.focus();
    });
    window.addEventListener("beforeprint", () => {
      byId("rows").replaceChildren(...shown.slice(0, PRINTED).flatMap((row) => tableRow(row, true)));
      byId("shown").textContent = `${many(Math.min(PRINTED, shown.length), "finding")} of ${shown.length.toLocaleString("en")}`;
    });
    window.addEventListener("afterprint", page);
  }
  function theme() {
    const button = byId("theme"), root = document.documentElement;
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    // Browsers may refuse to remember anything for a file.
    const remembered = (act) => { try { return act(window.localStorage); } catch { return null; } };
    const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const say = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
    const kept = remembered((store) => store.getItem("comply-theme"));
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remembered((store) => store.setItem("comply-theme", root.dataset.theme));
      say();
    });
    system.addEventListener("change", say);
    button.hidden = false;
    say();
  }

  theme();
  filters();
  pictures();
  pages();
  byId("app").hidden = false;
  refresh();
})();
