// The timeline: a lane a speaker, a block a line in the colour of its feeling, within it what will be said.
// Shares `box`, `rows`, `plan_of`, `state_of` and `needs_look` with the rows below it.
const box = element.querySelector('.desk');
const NS = 'http://www.w3.org/2000/svg';
const LANE = 34;
const TOP = 20;
const times = box.querySelector('.times');
const scroller = times.querySelector('.times-scroll');
const drawing = scroller.querySelector('svg');
let perSecond = 0; // pixels; 0 shows the whole
let marked = null; // id of the line that the arrow keys are on
let drawn = '';

const clock = (s, exact = true) => {
  if (s === null || s === undefined || Number.isNaN(Number(s))) return '';
  const whole = Math.floor(Number(s) + 0.0005 * exact);
  const [h, m, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const part = exact ? '.' + String(Math.round((Number(s) - whole) * 1000)).padStart(3, '0').replace('-', '0') : '';
  const pad = (x) => String(x).padStart(2, '0');
  return (h ? h + ':' + pad(m) : m) + ':' + pad(rest) + part;
};
const read_clock = (text) => {
  const parts = text.trim().replace(',', '.').split(':').map((x) => (/^\d+(\.\d+)?$|^\.\d+$/.test(x) ? Number(x) : NaN));
  if (!parts.length || parts.length > 3 || parts.some(Number.isNaN)) return null;
  return Math.round(parts.reduce((sum, x) => sum * 60 + x, 0) * 1000) / 1000;
};

const shape = (name, into, settings, words) => {
  const node = into.appendChild(document.createElementNS(NS, name));
  for (const [key, value] of Object.entries(settings)) node.setAttribute(key, value);
  if (words !== undefined) node.textContent = words;
  return node;
};
const length = () => Math.max(1, ...rows().map((row) => {
  const plan = plan_of(row);
  return Math.max(Number(row.end) || 0, plan && plan.length ? plan.start + plan.length : 0);
}));
const step_of = (scale) => [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800].find((step) => step * scale >= 70) || 3600;
const tip_of = (row) => {
  const plan = plan_of(row);
  const said = plan && plan.length ? ', said in ' + plan.length.toFixed(2) + ' s' : '';
  return clock(row.start) + ' to ' + clock(row.end) + said + '\n' + (row.speaker ? row.speaker + ': ' : '') + row.text;
};

function draw_times() {
  const found = rows();
  const room = scroller.clientWidth;
  if (!room) return;
  const speakers = [...new Set(found.map((row) => row.speaker || ''))];
  const lanes = speakers.slice(0, 8);
  const lane_of = (row) => Math.min(lanes.length - 1, speakers.indexOf(row.speaker || ''));
  const end = length();
  const scale = Math.max(perSecond, (room - 4) / (end * 1.01));
  const wide = Math.ceil(end * 1.01 * scale);
  const high = TOP + LANE * lanes.length + 4;
  const now = JSON.stringify([wide, found.map((row) => [row.start, row.end, row.speaker, row.text.slice(0, 80), row.colour,
    plan_of(row), state_of(row), needs_look(row)]), marked]);
  if (now === drawn) return;
  drawn = now;
  times.querySelector('.times-names').replaceChildren(...lanes.map((name, lane) => Object.assign(document.createElement('span'), {
    textContent: lane === 7 && speakers.length > 8 ? 'others' : name || 'nobody named', title: name })));
  times.classList.toggle('one', lanes.length < 2 && !lanes[0]);
  drawing.replaceChildren();
  for (const [key, value] of Object.entries({ width: wide, height: high, viewBox: '0 0 ' + wide + ' ' + high })) drawing.setAttribute(key, value);
  const step = step_of(scale);
  for (let s = 0; s <= end; s += step) {
    shape('path', drawing, { class: 'tick', d: 'M' + (s * scale + 0.5) + ' ' + (TOP - 4) + 'V' + high });
    shape('text', drawing, { class: 'hour', x: s * scale + 3, y: 11 }, clock(s, false));
  }
  found.forEach((row, number) => block(row, number, lane_of(row), scale));
  shape('path', drawing, { class: 'head', d: 'M0 ' + (TOP - 4) + 'V' + high, visibility: 'hidden' });
}
function block(row, number, lane, scale) {
  if (row.start === null || row.end === null || row.end <= row.start) return;
  const [x, y, wide] = [row.start * scale, TOP + LANE * lane, Math.max(2, (row.end - row.start) * scale)];
  const [plan, state] = [plan_of(row), state_of(row)];
  const found = shape('g', drawing, { class: 'cue', role: 'option', 'data-line': row.id, 'aria-selected': row.id === marked, style: '--feeling:' + (row.colour || 'var(--ink-faint)') });
  found.classList.toggle('conflict', needs_look(row));
  if (state && state.state) found.classList.add(look_of(state));
  shape('title', found, {}, tip_of(row));
  shape('rect', found, { class: 'slot', x, y, width: wide, height: LANE - 6, rx: Math.min(5, wide / 3) });
  if (plan && plan.length) {
    const spoken = { x: plan.start * scale, y: y + LANE - 13, width: Math.max(1.5, plan.length * scale), height: 4, rx: 2 };
    shape('rect', found, { class: 'said', ...spoken });
  }
  const letters = Math.floor((wide - 10) / 6);
  if (letters > 2) shape('text', found, { x: x + 6, y: y + 14 }, row.text.length > letters ? row.text.slice(0, letters - 1) + '…' : row.text);
}
function move_head(seconds) {
  const head = drawing.querySelector('.head');
  if (!head) return;
  const scale = Number(drawing.getAttribute('width')) / (length() * 1.01);
  head.setAttribute('transform', 'translate(' + (seconds * scale) + ' 0)');
  head.setAttribute('visibility', 'visible');
}
function mark(id, into_view = true) {
  marked = id;
  draw_times();
  const cue = drawing.querySelector('[aria-selected=true] rect');
  if (!cue || !into_view) return;
  const x = Number(cue.getAttribute('x'));
  if (x < scroller.scrollLeft || x > scroller.scrollLeft + scroller.clientWidth - 60) scroller.scrollLeft = x - 60;
}
times.addEventListener('click', (event) => {
  const zoom = event.target.closest('[data-zoom]');
  if (zoom) {
    const now = Number(drawing.getAttribute('width')) / (length() * 1.01);
    const middle = (scroller.scrollLeft + scroller.clientWidth / 2) / now;
    perSecond = Number(zoom.dataset.zoom) ? Math.min(400, now * Number(zoom.dataset.zoom)) : 0;
    draw_times();
    scroller.scrollLeft = middle * Number(drawing.getAttribute('width')) / (length() * 1.01) - scroller.clientWidth / 2;
  }
  const cue = event.target.closest('[data-line]');
  if (cue) { mark(cue.dataset.line, false); go_to(cue.dataset.line); }
});
scroller.addEventListener('keydown', (event) => {
  const order = [...rows()].sort((a, b) => a.start - b.start).map((row) => row.id);
  const at = order.indexOf(marked);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 }[event.key];
  if (next !== undefined) { mark(order[Math.max(0, Math.min(order.length - 1, next))]); event.preventDefault(); }
  if (event.key === 'Enter' && marked) { go_to(marked); event.preventDefault(); }
});
new ResizeObserver(() => { draw_times(); [...list.children].forEach(fit_height); }).observe(scroller);
