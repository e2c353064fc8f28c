const byId = (id) => document.getElementById(id);
const number = (x) => Math.round(x * 1e4) / 1e4;
const safe = (text) => String(text).replace(/[&<>"]/g, (c) => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[c]);

function ring(x, y, r, style) { return `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" ${style}/>`; }

// One moment of a team, as the other pictures of this package draw it; y points up.
function scene(panel, moment, label) {
  const cast = panel.casts[moment.cast], view = moment.view, at = moment.at, line = view / 240;
  const colour = (n) => panel.colours[cast[n][1]], kind = (n) => panel.kinds[cast[n][1]];
  const size = (n) => Math.max(cast[n][0], 0.018 * view);
  const all = cast.map((_, n) => n), hears = all.filter((n) => !panel.fixed.includes(kind(n)));
  const shapes = [`<rect x="${-panel.extent}" y="${-panel.extent}" width="${2 * panel.extent}" height="${2 * panel.extent}"
    fill="none" stroke="#dddddd" stroke-width="${2 * line}"/>`];
  const disc = (n) => `<circle cx="${at[2 * n]}" cy="${at[2 * n + 1]}" r="${number(size(n))}" fill="${colour(n)}"
    stroke="#ffffff" stroke-width="${line}"><title>${safe(kind(n))}</title></circle>`;
  all.filter((n) => kind(n) === "obstacle").forEach((n) => shapes.push(disc(n)));
  if (panel.range !== null) hears.forEach((n) => shapes.push(ring(at[2 * n], at[2 * n + 1], panel.range,
    `fill="none" stroke="${colour(n)}" stroke-width="${line}" stroke-dasharray="${4 * line}" opacity="0.5"`)));
  const faint = Math.min(0.55, Math.max(0.15, 16 / Math.max(1, moment.links.length)));
  for (let k = 0; k < moment.links.length; k += 2) {
    const a = moment.links[k], b = moment.links[k + 1];
    shapes.push(`<line x1="${at[2 * a]}" y1="${at[2 * a + 1]}" x2="${at[2 * b]}" y2="${at[2 * b + 1]}"
      stroke="#404040" stroke-width="${2 * line}" opacity="${faint}"/>`);
  }
  moment.contacts.forEach((n) => shapes.push(ring(at[2 * n], at[2 * n + 1], size(n) + 0.022 * view,
    `class="contact" fill="#f0e442" stroke="#d00000" stroke-width="${2.5 * line}"`)));
  hears.forEach((n) => shapes.push(disc(n)));
  all.filter((n) => kind(n) !== "obstacle" && !hears.includes(n)).forEach((n) => shapes.push(disc(n)));
  if (moment.mine != null) shapes.push(ring(at[2 * moment.mine], at[2 * moment.mine + 1], size(moment.mine) + 0.03 * view,
    `fill="none" stroke="#202020" stroke-width="${1.5 * line}"`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-view} ${-view} ${2 * view} ${2 * view}" role="img"
    aria-label="${safe(label)}"><g transform="scale(1 -1)">${shapes.join("")}</g></svg>`;
}

function legend(panel) {
  const list = document.createElement("ul");
  list.className = "legend";
  const entry = (picture, words) => {
    const item = document.createElement("li");
    item.innerHTML = `<svg width="14" height="14" aria-hidden="true">${picture}</svg>`;
    item.append(words);
    list.append(item);
  };
  panel.kinds.forEach((kind, n) => entry(`<circle cx="7" cy="7" r="6" fill="${panel.colours[n]}"/>`,
    panel.fixed.includes(kind) ? kind : `class ${kind}`));
  entry('<circle cx="7" cy="7" r="5.5" fill="#f0e442" stroke="#d00000" stroke-width="2"/>', "contact");
  entry('<line x1="0" y1="7" x2="14" y2="7" stroke="#8a8a8a" stroke-width="2"/>', "link");
  if (panel.range !== null) entry('<line x1="0" y1="7" x2="14" y2="7" stroke="#8a8a8a" stroke-dasharray="3"/>', "range");
  return list;
}
