
// ---- the report -----------------------------------------------------------------------------

const { datasets, images, spaces } = data;
const shown = datasets.map(() => true);
const plots = [];
const hint = document.getElementById("card").textContent;
let space = 0;
let focused = null;
let chosen = null; // a Set of rows, or null where nothing is selected

const isCrowded = images.id.length > 1500; // outlines of so many marks cost more than they show

const byDataset = datasets.map(() => []);
images.dataset.forEach((code, row) => byDataset[code].push(row));

const colourOf = (code) => datasets[code][isDark() ? "darkColour" : "colour"];

function thumbnail(row, alt) {
  if (!images.thumbnail[row]) return element("div", { className: "none", textContent: "no picture" });
  return element("img", { src: `data:image/webp;base64,${images.thumbnail[row]}`, alt });
}

function swatch(code) {
  const mark = element("i", { className: "mark", textContent: datasets[code].glyph });
  mark.dataset.dataset = code;
  mark.style.color = colourOf(code);
  return element("span", { className: "swatch" }, mark, datasets[code].name);
}

const nearestOf = (row) =>
  spaces[space].neighbours[row]
    .map((other, at) => ({ row: other, degrees: spaces[space].degrees[row][at] }))
    .filter((near) => near.row >= 0);

// ---- plots -------------------------------------------------------------------------------------

function tracesOf(index, size) {
  const { lon, lat } = spaces[index];
  const marks = byDataset.map((rows, code) => ({
    type: "scattergeo",
    mode: "markers",
    lon: rows.map((row) => lon[row]),
    lat: rows.map((row) => lat[row]),
    customdata: rows,
    hoverinfo: "none",
    visible: shown[code],
    selectedpoints: chosen && rows.flatMap((row, at) => (chosen.has(row) ? [at] : [])),
    marker: {
      color: colourOf(code),
      symbol: datasets[code].symbol,
      size,
      opacity: 0.82,
      line: { width: isCrowded ? 0 : 0.6, color: tokens("--surface") },
    },
    selected: { marker: { opacity: 1, size: size * 1.3 } },
    unselected: { marker: { opacity: 0.12 } },
  }));
  return [...marks, ...focusTraces(index)];
}

// The chosen image as a ring, tied to its nearest images of other scenes by great circles.
function focusTraces(index) {
  const { lon, lat, neighbours } = spaces[index];
  const near = focused === null ? [] : neighbours[focused].filter((row) => row >= 0);
  const ties = near.flatMap((row) => [focused, row, null]);
  const at = (values, row) => (row === null ? null : values[row]);
  const common = { type: "scattergeo", hoverinfo: "skip", showlegend: false };
  return [
    {
      ...common,
      mode: "lines",
      lon: ties.map((row) => at(lon, row)),
      lat: ties.map((row) => at(lat, row)),
      line: { width: 1, color: tokens("--muted") },
    },
    {
      ...common,
      mode: "markers",
      lon: focused === null ? [] : [lon[focused]],
      lat: focused === null ? [] : [lat[focused]],
      marker: {
        symbol: "circle-open",
        size: 17,
        color: tokens("--ink"),
        line: { width: 2.5, color: tokens("--ink") },
      },
    },
  ];
}

function layoutOf(plot) {
  const globe = plot.kind === "globe";
  const grid = { showgrid: true, gridcolor: tokens("--line"), gridwidth: 0.6, dtick: 30 };
  return {
    margin: { l: 6, r: 6, t: 6, b: 6 },
    paper_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: "pan",
    uirevision: plot.revision,
    geo: {
      projection: {
        type: globe ? "orthographic" : "equirectangular",
        rotation: { lon: plot.lon, lat: globe ? plot.lat : 0 },
        scale: plot.scale,
      },
      ...(globe ? {} : { center: { lon: plot.lon, lat: plot.lat } }),
      bgcolor: "rgba(0,0,0,0)",
      showland: false,
      showcoastlines: false,
      showframe: true,
      framecolor: tokens("--line"),
      lonaxis: grid,
      lataxis: grid,
    },
  };
}

const config = {
  displaylogo: false,
  responsive: true,
  scrollZoom: true,
  modeBarButtonsToRemove: ["toImage", "hoverClosestGeo"],
  modeBarButtonsToAdd: ["select2d", "lasso2d"],
};

async function draw(plot) {
  const index = plot.space === null ? space : plot.space;
  const size = (plot.kind === "small" ? 6 : 8) * (isCrowded ? 0.7 : 1);
  await Plotly.react(plot.element, tracesOf(index, size), layoutOf(plot), config);
  if (!plot.listens) listen(plot);
  plot.drawn = true;
}

function listen(plot) {
  plot.listens = true;
  const { element: target } = plot;
  target.on("plotly_hover", (event) => showTip(event.points[0].customdata, event.event));
  target.on("plotly_unhover", hideTip);
  target.on("plotly_click", (event) => focus(event.points[0].customdata));
  target.on("plotly_selected", (event) => {
    if (event) choose(event.points.map((point) => point.customdata));
  });
  target.on("plotly_deselect", () => choose(null));
  target.on("plotly_relayout", (change) => turned(plot, change));
}

// What a drag or a zoom changed is remembered; globe and map turn together.
function turned(plot, change) {
  const get = (key) => change[`geo.${key}`];
  const lon = get("projection.rotation.lon") ?? get("center.lon");
  const lat = get("projection.rotation.lat") ?? get("center.lat");
  const scale = get("projection.scale");
  if (lon !== undefined) plot.lon = lon;
  if (lat !== undefined) plot.lat = lat;
  if (scale !== undefined) plot.scale = scale;
  const twin = plot.twin;
  if (!twin || lon === undefined) return;
  twin.lon = plot.lon;
  if (twin.kind === "globe") twin.lat = plot.lat;
  look(twin);
}

function look(plot) {
  if (!plot.drawn) return Promise.resolve();
  plot.revision += 1;
  return Plotly.relayout(plot.element, layoutOf(plot)).catch(report);
}

const redraw = () => Promise.all(plots.filter((plot) => plot.drawn).map(draw)).catch(report);

function addPlot(target, kind, index) {
  const plot = { element: target, kind, space: index, lon: 0, lat: 0, scale: 1, revision: 0 };
  target.addEventListener("keydown", (event) => steer(plot, event));
  plots.push(plot);
  return plot;
}

function steer(plot, event) {
  const steps = { ArrowLeft: [-15, 0], ArrowRight: [15, 0], ArrowUp: [0, 10], ArrowDown: [0, -10] };
  if (event.target !== plot.element) return;
  if (steps[event.key]) {
    plot.lon = ((plot.lon + steps[event.key][0] + 540) % 360) - 180;
    plot.lat = Math.max(-80, Math.min(80, plot.lat + steps[event.key][1]));
  } else if (event.key === "+" || event.key === "=") plot.scale = Math.min(8, plot.scale * 1.3);
  else if (event.key === "-") plot.scale = Math.max(0.5, plot.scale / 1.3);
  else if (event.key === "0") Object.assign(plot, { lon: 0, lat: 0, scale: 1 });
  else return;
  event.preventDefault();
  look(plot);
  if (plot.twin) {
    plot.twin.lon = plot.lon;
    if (plot.twin.kind === "globe") plot.twin.lat = plot.lat;
    look(plot.twin);
  }
}

// ---- looking at images -------------------------------------------------------------------------

function showTip(row, pointer) {
  if (row === undefined) return;
  const tip = byId("tip");
  const name = images.id[row];
  const near = element("div", { className: "row" });
  for (const { row: other } of nearestOf(row)) {
    const picture = thumbnail(other, images.id[other]);
    picture.style.setProperty("--dataset", colourOf(images.dataset[other]));
    near.append(picture);
  }
  tip.dataset.image = row;
  tip.replaceChildren(
    thumbnail(row, name),
    element("b", { textContent: name }),
    swatch(images.dataset[row]),
    near,
  );
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const x = pointer.clientX + 18 + width > innerWidth ? pointer.clientX - width - 18 : pointer.clientX + 18;
  const y = Math.min(pointer.clientY + 12, innerHeight - height - 8);
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, y)}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

function pickButton(row, caption) {
  const button = element("button", { type: "button" }, thumbnail(row, ""), caption);
  button.setAttribute("aria-label", `${images.id[row]}, ${datasets[images.dataset[row]].name}, ${caption}`);
  button.title = images.id[row];
  button.style.setProperty("--dataset", colourOf(images.dataset[row]));
  button.addEventListener("click", () => focus(row));
  return element("li", {}, button);
}

function focus(row) {
  focused = row;
  hideTip();
  showCard();
  return redraw();
}

function showCard() {
  if (focused === null) {
    byId("card").replaceChildren(element("p", { className: "hint", textContent: hint }));
    delete byId("card").dataset.image;
    return;
  }
  const near = element("ul", { className: "near" });
  near.append(...nearestOf(focused).map((each) => pickButton(each.row, `${each.degrees}°`)));
  const name = images.id[focused];
  byId("card").dataset.image = focused;
  byId("card").replaceChildren(
    thumbnail(focused, name),
    element("h3", { textContent: name }),
    swatch(images.dataset[focused]),
    element("p", { className: "hint", textContent: `Nearest of other scenes in ${spaces[space].title}:` }),
    near,
  );
}

// ---- choosing ----------------------------------------------------------------------------------

function choose(rows) {
  chosen = rows && rows.length ? new Set(rows) : null;
  showSelection();
  return redraw();
}

function showSelection() {
  const box = byId("selection");
  box.hidden = chosen === null;
  if (chosen === null) return;
  const rows = [...chosen].sort((a, b) => a - b);
  const counts = datasets
    .map((each, code) => [each.name, rows.filter((row) => images.dataset[row] === code).length])
    .filter(([, count]) => count)
    .map(([name, count]) => `${count} of ${name}`);
  const said = `${rows.length} image${rows.length === 1 ? "" : "s"} chosen: ${counts.join(", ")}`;
  const save = element("button", { type: "button", textContent: "Save the list" });
  save.addEventListener("click", () => saveList(rows));
  const clear = element("button", { type: "button", textContent: "Clear" });
  clear.addEventListener("click", () => choose(null));
  const near = element("ul", { className: "near" });
  near.append(...rows.slice(0, 60).map((row) => pickButton(row, datasets[images.dataset[row]].name)));
  const rest = rows.length > 60 ? element("p", { className: "hint", textContent: `and ${rows.length - 60} more` }) : null;
  const bar = element("div", { className: "bar" }, element("strong", { textContent: said }), save, clear);
  box.replaceChildren(...[bar, near, rest].filter((each) => each !== null));
}

function saveList(rows) {
  const text = rows.map((row) => `${images.id[row]}\n`).join("");
  const link = element("a", { href: URL.createObjectURL(new Blob([text])), download: "chosen-images.txt" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function find(text) {
  const list = byId("found");
  const wanted = text.trim().toLowerCase();
  const rows = [];
  for (let row = 0; wanted && row < images.id.length && rows.length < 12; row += 1) {
    if (images.id[row].toLowerCase().includes(wanted)) rows.push(row);
  }
  list.replaceChildren(
    ...rows.map((row) => {
      const button = element("button", { type: "button", className: "pick", textContent: images.id[row] });
      button.addEventListener("click", () => {
        list.hidden = true;
        focus(row);
      });
      return element("li", {}, button);
    }),
  );
  if (wanted && !rows.length) list.append(element("li", { className: "hint", textContent: "no image has this in its name" }));
  list.hidden = !wanted;
}

// ---- the page ----------------------------------------------------------------------------------

function setTheme(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", dark ? "Use light colours" : "Use dark colours");
  document.querySelectorAll(".mark").forEach((mark) => {
    mark.style.color = colourOf(+mark.dataset.dataset);
  });
  showCard();
  showSelection();
}

function drawWhenSeen(plot) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    draw(plot).catch(report);
  }, { rootMargin: "200px" });
  observer.observe(plot.element);
}

function connect() {
  byId("toggles").addEventListener("change", (event) => {
    shown[+event.target.value] = event.target.checked;
    redraw();
  });
  byId("space-choice")?.addEventListener("change", (event) => {
    space = +event.target.value;
    showCard();
    redraw();
  });
  byId("find").addEventListener("input", (event) => find(event.target.value));
  byId("theme").addEventListener("click", () => {
    setTheme(!isDark());
    redraw();
  });
  document.querySelectorAll("button[data-image]").forEach((button) =>
    button.addEventListener("click", () => {
      focus(+button.dataset.image);
      byId("explore").scrollIntoView();
    }),
  );
  document.querySelectorAll("img[data-thumbnail]").forEach((picture) => {
    picture.replaceWith(thumbnail(+picture.dataset.thumbnail, ""));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hideTip();
    byId("found").hidden = true;
    focused = null;
    showCard();
    choose(null);
  });
}

const nextPaint = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

async function main() {
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  connect();
  await loadPlotly();
  const [globe, map] = [addPlot(byId("globe"), "globe", null), addPlot(byId("map"), "map", null)];
  [globe.twin, map.twin] = [map, globe];
  await draw(globe);
  await nextPaint(); // before the work on the map begins
  root.dataset.painted = "yes";
  await draw(map);
  document
    .querySelectorAll(".plot.small")
    .forEach((target) => drawWhenSeen(addPlot(target, "small", +target.dataset.space)));
  root.dataset.ready = "yes";
}

main().catch(report);
