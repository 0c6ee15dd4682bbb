// The rows of a script: when, who, what, and how it feels. The rows live here, in props.value = {rows: [...]}; Python gets
// them with every button. props.plan and props.states say by a row's id what is planned and what was made; what was said of
// an older revision of a row does not count.
const list = box.querySelector('.desk-lines');
const player = box.querySelector('audio');
const PAGE = 50;
const ICONS = { play: 'M3 1.5v9l7.5-4.5z', rest: 'M3 1.5h2.2v9H3zM6.8 1.5H9v9H6.8z', again: 'M9.6 3.3A4.4 4.4 0 1 0 10.4 6.6M10 .8v2.9H7.1',
  add: 'M6 2v8M2 6h8', gone: 'M2.6 2.6l6.8 6.8M9.4 2.6L2.6 9.4' };
let page = 0;
let only = false;
let playing = null;

const rows = () => (props.value && props.value.rows) || [];
const said = (kind, row) => {
  const found = (props[kind] || {})[row.id];
  return found && found.rev === (row.rev || 0) ? found : null;
};
const plan_of = (row) => said('plan', row);
const state_of = (row) => said('states', row);
const problem_of = (row) => row.problem || (plan_of(row) || {}).error || ((state_of(row) || {}).state === 'failed' ? state_of(row).error : '');
const needs_look = (row) => Boolean(problem_of(row) || ((plan_of(row) || {}).conflicts || []).length);

const make = (kind, into, settings = {}, attributes = {}) => {
  const node = into.appendChild(Object.assign(document.createElement(kind), settings));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const icon = (into, ...names) => {
  const svg = shape('svg', into, { viewBox: '0 0 12 12', 'aria-hidden': 'true' });
  for (const name of names) shape('path', svg, { class: name, d: ICONS[name] });
};
const keep = (next) => { props.value = Object.assign({}, props.value, { rows: next }); };
const shown = () => {
  const found = only ? rows().filter(needs_look) : rows();
  page = Math.max(0, Math.min(page, Math.ceil(found.length / PAGE) - 1));
  return found.slice(page * PAGE, page * PAGE + PAGE);
};

// A change: the row gets a new revision, so that its plan and its sound no longer count.
function change(id, values) {
  const before = rows().find((row) => row.id === id);
  keep(rows().map((row) => (row.id === id ? Object.assign({}, row, values, { rev: (row.rev || 0) + 1, problem: '' }) : row)));
  draw();
  if ('speaker' in values && values.speaker !== before.speaker) trigger('edit');
  if ('emotion' in values || 'intensity' in values) recolour(id);
}
async function recolour(id) {
  const row = rows().find((each) => each.id === id);
  const told = await server.look_up({ emotion: row.emotion, intensity: row.intensity });
  keep(rows().map((each) => (each.id === id && each.rev === row.rev ? Object.assign({}, each, told) : each)));
  draw();
}
function insert(after) {
  const at = after ? rows().findIndex((row) => row.id === after) : rows().length - 1;
  const before = rows()[at];
  const start = before ? Number(before.end) + 0.2 : 0;
  const id = 'own-' + Date.now().toString(36) + Math.floor(Math.random() * 1e4);
  const row = { id, rev: 0, start, end: start + 2, speaker: before ? before.speaker : '', text: '', emotion: '', intensity: 1, voice: '', mode: 'speak', notes: '', take: 0 };
  keep([...rows().slice(0, at + 1), row, ...rows().slice(at + 1)]);
  trigger('edit');
  draw();
  go_to(id);
}
function remove(id) {
  const at = rows().findIndex((row) => row.id === id);
  keep(rows().filter((row) => row.id !== id));
  trigger('edit');
  draw();
  const next = rows()[Math.min(at, rows().length - 1)];
  if (next) go_to(next.id); else box.querySelector('.desk-add').focus();
}
function again(id) {
  change(id, { take: (rows().find((row) => row.id === id).take || 0) + 1 });
  setTimeout(() => document.getElementById(props.button)?.click(), 60);
}
function go_to(id) {
  const inside = () => (only ? rows().filter(needs_look) : rows()).findIndex((row) => row.id === id);
  if (inside() < 0) { only = false; box.querySelector('.only input').checked = false; }
  page = Math.floor(inside() / PAGE);
  draw();
  const node = list.querySelector('[data-id="' + CSS.escape(id) + '"]');
  node.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  node.text.focus({ preventScroll: true });
}
function play(id) {
  const state = state_of(rows().find((row) => row.id === id) || {});
  if (playing === id || !state || !state.url) { player.pause(); playing = null; return draw(); }
  playing = id;
  player.src = state.url;
  player.play();
  draw();
}
player.addEventListener('ended', () => { playing = null; draw(); });
player.addEventListener('timeupdate', () => {
  const row = rows().find((each) => each.id === playing);
  if (row) move_head(Number((plan_of(row) || {}).start ?? row.start) + player.currentTime);
});

const choice = (into, className, options, label) => {
  const select = make('select', into, { className }, { 'aria-label': label });
  for (const [words, value] of options) make('option', select, { textContent: words, value });
  return select;
};
function build() {
  const node = make('li', list);
  const head = make('div', node, { className: 'line-head' });
  node.number = make('span', head, { className: 'number' });
  const at = make('span', head, { className: 'cue-box' });
  [node.start, node.end] = ['start', 'end'].map((name, k) => {
    if (k) make('span', at, { textContent: '–' });
    return make('input', at, { className: 'field at', type: 'text', inputMode: 'numeric', maxLength: 14 });
  });
  node.speaker = make('input', head, { className: 'field who', type: 'text', maxLength: 100, placeholder: 'nobody named' });
  node.speaker.setAttribute('list', box.querySelector('.speakers').id);
  node.state = make('span', head, { className: 'state' });
  const acts = make('span', head, { className: 'acts' });
  node.acts = {};
  for (const [name, icons] of Object.entries({ play: ['play', 'rest'], again: ['again'], add: ['add'], gone: ['gone'] })) {
    node.acts[name] = make('button', acts, { type: 'button', className: 'act ' + name });
    icon(node.acts[name], ...icons);
  }
  node.text = make('textarea', node, { className: 'field words', rows: 1, maxLength: 5000 });
  const feel = make('div', node, { className: 'line-feel' });
  const named = make('span', feel, { className: 'feeling-box' });
  make('i', named, { className: 'dot' }, { 'aria-hidden': 'true' });
  node.emotion = make('input', named, { className: 'field', type: 'text', maxLength: 400, placeholder: 'as on the panel' });
  node.emotion.setAttribute('list', box.querySelector('.names').id);
  node.suggested = make('span', named, { className: 'suggested', textContent: 'suggested', title: 'Read off the words; change it if it is wrong' });
  node.intensity = make('input', feel, { type: 'range', min: 0, max: 1.5, step: 0.05 });
  node.amount = make('output', feel);
  node.voice = choice(feel, 'field voice', [['Speaker’s voice', ''], ...(props.voices || [])], '');
  node.mode = choice(feel, 'field mode', props.modes || [], '');
  node.told = make('p', node, { className: 'fit' });
  node.problem = make('p', node, { className: 'problem' }, { role: 'status' });
  listen(node);
  return node;
}
function listen(node) {
  const id = () => node.dataset.id;
  for (const name of ['start', 'end']) node[name].addEventListener('change', () => change(id(), { [name]: read_clock(node[name].value) }));
  for (const name of ['speaker', 'text', 'voice', 'mode']) node[name].addEventListener('change', () => change(id(), { [name]: node[name].value.trim() }));
  node.text.addEventListener('input', () => fit_height(node));
  node.emotion.addEventListener('change', () => change(id(), { emotion: node.emotion.value.trim(), suggested: false, colour: '' }));
  node.intensity.addEventListener('input', () => amount(node));
  node.intensity.addEventListener('change', () => change(id(), { intensity: Number(node.intensity.value), suggested: false }));
  const acts = { play, again, add: insert, gone: remove };
  for (const [name, act] of Object.entries(acts)) node.acts[name].addEventListener('click', () => act(id()));
}
const amount = (node) => {
  node.amount.textContent = Number(node.intensity.value).toFixed(2);
  node.intensity.style.setProperty('--at', 100 * node.intensity.value / 1.5 + '%');
};
const fit_height = (node) => { node.text.style.height = '0'; node.text.style.height = node.text.scrollHeight + 2 + 'px'; };
const put = (field, value) => { if (document.activeElement !== field && field.value !== String(value)) field.value = value; };
const look_of = (state) => ({ done: 'made', kept: 'made' }[state.state] || state.state);
const STATES = { waiting: 'waiting', making: 'making', done: 'made', kept: 'kept', failed: 'failed' };

function fill(node, row, number) {
  const [plan, state] = [plan_of(row), state_of(row)];
  node.dataset.id = row.id;
  node.number.textContent = number;
  put(node.start, clock(row.start));
  put(node.end, clock(row.end));
  for (const name of ['speaker', 'text', 'emotion', 'mode']) put(node[name], row[name] || '');
  if (row.voice && ![...node.voice.options].some((option) => option.value === row.voice)) make('option', node.voice, { textContent: row.voice, value: row.voice });
  put(node.voice, row.voice || '');
  put(node.intensity, row.intensity ?? 1);
  amount(node);
  fit_height(node);
  for (const field of [node.intensity, node.amount]) field.style.visibility = row.emotion ? '' : 'hidden';
  node.suggested.hidden = !row.suggested;
  node.style.setProperty('--feeling', row.colour || 'var(--line-strong)');
  const names = { start: 'Start', end: 'End', speaker: 'Speaker', text: 'Words', emotion: 'Emotion', intensity: 'Intensity', voice: 'Voice', mode: 'How' };
  for (const [name, words] of Object.entries(names)) node[name].setAttribute('aria-label', words + ' of line ' + number);
  node.state.textContent = state ? STATES[state.state] || '' : (row.take ? 'take ' + (row.take + 1) : '');
  node.state.className = 'state ' + (state ? look_of(state) : '');
  node.acts.play.disabled = !(state && state.url);
  node.acts.play.setAttribute('aria-pressed', playing === row.id);
  const acts = { play: 'Listen to line ', again: 'Say it another way: line ', add: 'Add a line after line ', gone: 'Remove line ' };
  for (const [name, words] of Object.entries(acts)) { node.acts[name].title = words + number; node.acts[name].setAttribute('aria-label', words + number); }
  node.told.textContent = plan && !plan.error ? fit_words(plan, row) : '';
  node.problem.textContent = [problem_of(row), ...((plan || {}).conflicts || [])].filter(Boolean).join(' · ');
  node.classList.toggle('bad', needs_look(row));
}
const fit_words = (plan, row) => {
  const words = ['said in ' + plan.length.toFixed(2) + ' s of ' + (row.end - row.start).toFixed(2) + ' s'];
  if (plan.rate > 1.005) words.push(plan.rate.toFixed(2) + '× its own pace');
  if (plan.borrowed > 0.005) words.push(plan.borrowed.toFixed(2) + ' s of silence borrowed');
  return words.join(' · ');
};
function offer(className, words) {
  const node = box.querySelector('datalist.' + className);
  if (!node.id) node.id = (element.id || 'desk') + '-' + className;
  if (node.children.length !== words.length || [...node.children].some((option, k) => option.value !== words[k])) {
    node.replaceChildren(...words.map((value) => Object.assign(document.createElement('option'), { value })));
  }
}
function draw() {
  box.hidden = !props.value;
  if (box.hidden) return;
  offer('names', props.names || []);
  offer('speakers', [...new Set(rows().map((row) => row.speaker).filter(Boolean))]);
  const now = shown();
  const place = new Map(rows().map((row, k) => [row.id, k + 1]));
  while (list.children.length > now.length) list.lastChild.remove();
  while (list.children.length < now.length) build();
  now.forEach((row, k) => fill(list.children[k], row, place.get(row.id)));
  const looks = rows().filter(needs_look).length;
  const total = only ? looks : rows().length;
  for (const pages of box.querySelectorAll('.pages')) {
    pages.hidden = total <= PAGE;
    pages.querySelector('output').textContent = (page * PAGE + 1) + ' to ' + Math.min(total, page * PAGE + PAGE) + ' of ' + total;
  }
  box.querySelector('.only span').textContent = 'Only what needs a look (' + looks + ')';
  box.querySelector('.desk-bar').hidden = !looks && !only && total <= PAGE;
  box.querySelector('.times-told').textContent = props.told || '';
  draw_times();
}
box.addEventListener('click', (event) => {
  const turn = event.target.closest('[data-page]');
  if (turn) { page += Number(turn.dataset.page); draw(); list.scrollTop = 0; }
});
box.querySelector('.only input').addEventListener('change', (event) => { only = event.target.checked; page = 0; draw(); });
box.querySelector('.desk-add').addEventListener('click', () => insert(null));
watch(['value', 'plan', 'states', 'told'], draw);
draw();
