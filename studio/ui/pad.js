// The valence-arousal pad: draws what Python says (props.value) and tells Python where a person drags or steps.
// value = {valence, arousal, lies: [v, a], route: [[v, a], ...], stops: [[v, a], ...], names: [[name, v, a], ...]}
const pad = element.querySelector('.pad');
const [ray, route] = ['.ray', '.route'].map((name) => pad.querySelector(name));
const [names, stops, lies, handle] = ['.names', '.stops', '.lies', '.handle'].map((name) => pad.querySelector(name));
const SPAN = 1.12; // the edge of the pad lies a little beyond +-1, so that a handle at the edge stays whole
let point = [0, 0];
let held = false;
let sentAt = 0;
let later = null;

const clamp = (x) => Math.max(-1, Math.min(1, x));
const round = (x) => Math.round(x * 1000) / 1000;
const signed = (x) => (x < 0 ? '−' : '') + Math.abs(x).toFixed(2);
const put = (node, [v, a]) => {
  node.style.left = (50 + 50 * v / SPAN) + '%';
  node.style.top = (50 - 50 * a / SPAN) + '%';
};
const line = (points) => points.map(([v, a]) => (v / SPAN).toFixed(4) + ',' + (-a / SPAN).toFixed(4)).join(' ');

// Hue by the angle on the plane: joy amber, anger red, sadness indigo, calm teal. Kept equal to colour.py.
const HUES = [[-45, 170], [45, 75], [135, 25], [225, -85], [315, -190]];
function tint([v, a]) {
  let angle = Math.atan2(a, v) * 180 / Math.PI;
  if (angle < -45) angle += 360;
  let hue = HUES[0][1];
  for (let i = 1; i < HUES.length; i += 1) {
    const [[from, left], [to, right]] = [HUES[i - 1], HUES[i]];
    if (angle >= from && angle <= to) hue = left + (right - left) * (angle - from) / (to - from);
  }
  const strength = Math.min(1, Math.hypot(v, a) / 0.6);
  hue = ((hue % 360) + 360) % 360;
  // Amber is only amber when it is light, and then the text upon it must be dark.
  const amber = Math.max(0, 1 - Math.abs(hue - 92) / 58);
  const light = 0.54 + 0.26 * Math.min(1, 1.5 * amber) * strength;
  const set = (name, value) => document.documentElement.style.setProperty(name, value);
  set('--affect-h', hue.toFixed(1));
  set('--affect-c', (0.035 + 0.1 * strength).toFixed(4));
  set('--affect-l', light.toFixed(3));
  set('--affect-on', light > 0.63 ? 'oklch(.22 .03 ' + hue.toFixed(0) + ')' : 'oklch(.99 0 0)');
}

function showPoint() {
  put(handle, point);
  tint(point);
  const text = 'valence ' + signed(point[0]) + ', arousal ' + signed(point[1]);
  pad.setAttribute('aria-valuenow', round(point[0]));
  pad.setAttribute('aria-valuetext', text);
  ray.setAttribute('points', line([[0, 0], point]));
  let best = null;
  let least = 0.3;
  for (const span of names.children) {
    span.classList.remove('close');
    span.style.marginTop = '';
    const far = Math.hypot(span.dataset.v - point[0], span.dataset.a - point[1]);
    if (far < least) [best, least] = [span, far];
  }
  if (!best) return;
  best.classList.add('close');
  if (least < 0.16) best.style.marginTop = best.dataset.a >= point[1] ? '-20px' : '22px';
}

// Names are placed from the most telling down; one that would touch another is left out.
function placeNames(list) {
  names.replaceChildren();
  const taken = [[0, 0.92, 0.4, 0.2], [0, -1.12, 0.3, 0.2], [0.68, 0.02, 0.5, 0.15], [-1.12, 0.02, 0.55, 0.15]];
  const [width, height] = [pad.clientWidth || 380, pad.clientHeight || 292];
  for (const [name, v, a] of list || []) {
    const wide = (name.length * 6.6 + 12) / width * 2 * SPAN;
    const tall = 17 / height * 2 * SPAN;
    const x = Math.max(-SPAN + wide / 2 + 0.03, Math.min(SPAN - wide / 2 - 0.03, v));
    const box = [x - wide / 2, a - tall / 2, wide, tall];
    if (Math.abs(a) > SPAN - tall || taken.some(([l, b, w, h]) => box[0] < l + w && l < box[0] + wide && box[1] < b + h && b < box[1] + tall)) continue;
    taken.push(box);
    const span = document.createElement('span');
    span.textContent = name;
    span.dataset.v = v;
    span.dataset.a = a;
    put(span, [x, a]);
    names.append(span);
  }
}

let drawnNames = '';
function draw() {
  const value = props.value || {};
  const key = JSON.stringify(value.names || []) + pad.clientWidth;
  if (key !== drawnNames) { drawnNames = key; placeNames(value.names); }
  const path = value.route || [];
  pad.classList.toggle('route-mode', path.length > 1);
  route.setAttribute('points', line(path));
  stops.replaceChildren(...(value.stops || []).map((at) => {
    const dot = document.createElement('div');
    dot.className = 'stop';
    put(dot, at);
    return dot;
  }));
  const at = value.lies || [value.valence || 0, value.arousal || 0];
  lies.style.display = path.length > 1 ? 'none' : '';
  put(lies, at);
  // What was told last is not yet where hand or keys are.
  if (!held && later === null) point = [value.valence || 0, value.arousal || 0];
  showPoint();
  if (path.length > 1) ray.setAttribute('points', '');
}

// A steady trickle while the hand moves, and always the last place.
function tell(last) {
  clearTimeout(later);
  later = null;
  const now = Date.now();
  if (!last && now - sentAt < 140) { later = setTimeout(() => tell(true), 150); return; }
  sentAt = now;
  props.value = Object.assign({}, props.value, { valence: round(point[0]), arousal: round(point[1]), lies: null, route: [], stops: [] });
  trigger('input');
}
function moveTo(v, a, last) {
  point = [clamp(v), clamp(a)];
  pad.classList.remove('route-mode');
  showPoint();
  tell(last);
}
function fromPointer(event, last) {
  const box = pad.getBoundingClientRect();
  moveTo((2 * (event.clientX - box.left) / box.width - 1) * SPAN, (1 - 2 * (event.clientY - box.top) / box.height) * SPAN, last);
}

pad.addEventListener('pointerdown', (event) => {
  if (event.button) return;
  held = true;
  pad.classList.add('moving');
  pad.setPointerCapture(event.pointerId);
  pad.focus({ preventScroll: true });
  fromPointer(event, false);
});
pad.addEventListener('pointermove', (event) => { if (held) fromPointer(event, false); });
for (const name of ['pointerup', 'pointercancel']) {
  pad.addEventListener(name, (event) => {
    if (!held) return;
    held = false;
    pad.classList.remove('moving');
    if (name === 'pointerup') fromPointer(event, true); else tell(true);
  });
}
pad.addEventListener('keydown', (event) => {
  const step = event.shiftKey ? 0.01 : 0.05;
  const moves = {
    ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step],
    PageUp: [0, 0.25], PageDown: [0, -0.25],
  };
  if (event.key === 'Home') moveTo(0, 0, true);
  else if (moves[event.key]) moveTo(point[0] + moves[event.key][0], point[1] + moves[event.key][1], false);
  else return;
  event.preventDefault();
});
watch('value', draw);
new ResizeObserver(draw).observe(pad);
draw();
