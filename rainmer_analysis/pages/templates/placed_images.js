
// ---- new images ---------------------------------------------------------------------------------

const colourOf = (code) => data.datasets[code][isDark() ? "darkColour" : "colour"];

function traces(card) {
  const known = data.datasets.map((each, code) => ({
    type: "scattergeo",
    mode: "markers",
    lon: each.lon,
    lat: each.lat,
    name: "",
    hoverinfo: "none",
    marker: { color: colourOf(code), symbol: each.symbol, size: 6, opacity: 0.55 },
  }));
  const disc = {
    type: "scattergeo",
    mode: "lines",
    lon: card.disc.map(([lon]) => lon),
    lat: card.disc.map(([, lat]) => lat),
    hoverinfo: "none",
    line: { width: 1.5, color: tokens("--ink"), dash: "dot" },
  };
  const here = {
    type: "scattergeo",
    mode: "markers",
    lon: [card.lon],
    lat: [card.lat],
    hoverinfo: "none",
    marker: { symbol: "star", size: 17, color: tokens("--ink"), line: { width: 1.5, color: tokens("--surface") } },
  };
  return [...known, disc, here];
}

function layout(card) {
  const grid = { showgrid: true, gridcolor: tokens("--line"), gridwidth: 0.6, dtick: 30 };
  return {
    margin: { l: 6, r: 6, t: 6, b: 6 },
    paper_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: "pan",
    geo: {
      projection: { type: "orthographic", rotation: { lon: card.lon, lat: Math.max(-60, Math.min(60, card.lat)) } },
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

const config = { displayModeBar: false, responsive: true, scrollZoom: true };

const drawAll = () =>
  Promise.all(
    [...document.querySelectorAll(".plot")].map((target) => {
      const card = data.cards[+target.dataset.card];
      return Plotly.react(target, traces(card), layout(card), config);
    }),
  );

function setTheme(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", dark ? "Use light colours" : "Use dark colours");
  document.querySelectorAll("[data-dataset]").forEach((mark) => {
    mark.style.setProperty("--dataset", colourOf(+mark.dataset.dataset));
  });
}

async function main() {
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  await loadPlotly();
  byId("theme").addEventListener("click", () => {
    setTheme(!isDark());
    drawAll().catch(report);
  });
  await drawAll();
  root.dataset.ready = "yes";
}

main().catch(report);
