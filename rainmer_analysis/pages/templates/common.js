"use strict";

// Names come from file systems: they reach the page as text nodes, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const isDark = () => root.dataset.theme === "dark";
const tokens = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function report(error) {
  console.error(error);
  const box = byId("trouble");
  box.textContent = `The maps cannot be shown (${error.message}); the rest of the page does not need them.`;
  box.hidden = false;
}

async function loadPlotly() {
  const bytes = Uint8Array.from(atob(byId("plotly").textContent), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = element("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script); // its hash stands in the content security policy
}

