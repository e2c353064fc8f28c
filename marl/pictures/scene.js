const byId = (id) => document.getElementById(id);
const number = (x) => Math.round(x * 1e4) / 1e4;
const safe = (text) => String(text).replace(/[&<>"]/g, (c) => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[c]);

function ring(x, y, r, style) { return `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" ${style}/>`; }

// One moment of a team, as the other pictures of this package draw it; y points up.
function scene(panel, moment, label, picked) {
  const cast = panel.casts[moment.cast], view = moment.view, at = moment.at, line = view / 240;
  const colour = (n) => panel.colours[cast[n][1]], kind = (n) => panel.kinds[cast[n][1]];
  const size = (n) => Math.max(cast[n][0], 0.018 * view);
  const all = cast.map((_, n) => n), hears = all.filter((n) => !panel.fixed.includes(kind(n)));
  const shapes = [`<rect x="${-panel.extent}" y="${-panel.extent}" width="${2 * panel.extent}" height="${2 * panel.extent}"
    fill="none" stroke="#dddddd" stroke-width="${2 * line}"/>`];
  const disc = (n) => `<circle data-disc="${n}" cx="${at[2 * n]}" cy="${at[2 * n + 1]}" r="${number(size(n))}" fill="${colour(n)}"
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
  const looks = picked < all.length ? look(panel, moment, picked) : null;
  const line_to = (n, width, style) => shapes.push(`<line class="${style}" x1="${at[2 * picked]}" y1="${at[2 * picked + 1]}"
    x2="${at[2 * n]}" y2="${at[2 * n + 1]}" stroke="${style === "seen" ? colour(picked) : "#202020"}"
    stroke-width="${number(width)}" ${style === "seen" ? `stroke-dasharray="${6 * line}"` : ""}/>`);
  looks?.heeds.forEach(([n, share]) => line_to(n, (0.5 + share / 12) * line, "heeded"));
  looks?.sees.forEach((n) => line_to(n, 3 * line, "seen"));
  looks?.sees.concat(picked).forEach((n) => shapes.push(ring(at[2 * n], at[2 * n + 1], size(n) + 0.012 * view,
    `fill="none" stroke="${n === picked ? "#202020" : colour(picked)}" stroke-width="${2 * line}"`)));
  hears.forEach((n) => shapes.push(disc(n)));
  all.filter((n) => kind(n) !== "obstacle" && !hears.includes(n)).forEach((n) => shapes.push(disc(n)));
  if (moment.mine != null) shapes.push(ring(at[2 * moment.mine], at[2 * moment.mine + 1], size(moment.mine) + 0.03 * view,
    `fill="none" stroke="#202020" stroke-width="${1.5 * line}"`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-view} ${-view} ${2 * view} ${2 * view}" role="img"
    aria-label="${safe(label)}"><g transform="scale(1 -1)">${shapes.join("")}</g></svg>`;
}

// What one agent sees, and how much it heeds others: discs, and pairs of a disc and a share in percent.
function look(panel, moment, picked) {
  const pairs = panel.sights[moment.sees], sees = [];
  for (let k = 0; k < pairs.length; k += 2) if (pairs[k] === picked) sees.push(pairs[k + 1]);
  const agents = agentsOf(panel, moment), row = moment.heeds?.[agents.indexOf(picked)] ?? [];
  return {sees, heeds: row.map((share, i) => [agents[i], share]).filter(([, share]) => share > 0)};
}

function agentsOf(panel, moment) {
  const cast = panel.casts[moment.cast];
  return cast.map((_, n) => n).filter((n) => !panel.fixed.includes(panel.kinds[cast[n][1]]));
}

// A disc by its kind, and its number where there are several.
function nameOf(panel, moment, n) {
  const cast = panel.casts[moment.cast], same = cast.map((_, i) => i).filter((i) => cast[i][1] === cast[n][1]);
  return panel.kinds[cast[n][1]] + (same.length > 1 ? ` ${same.indexOf(n) + 1}` : "");
}

function lookWords(panel, moment, picked) {
  if (!(picked < panel.casts[moment.cast].length)) return "";
  const {sees, heeds} = look(panel, moment, picked), name = (n) => nameOf(panel, moment, n);
  const heard = heeds.sort((a, b) => b[1] - a[1]).map(([n, share]) => `${name(n)} (${share} %)`);
  const others = heard.length > 4 ? ` and ${heard.length - 4} more` : "";
  return `${name(picked)} sees ${sees.map(name).join(", ") || "nothing"}`
    + (heard.length ? `; it heeds ${heard.slice(0, 4).join(", ")}${others}` : "");
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
