// The parts of a scene: a press shows one, another makes it again alone: value = {takes: {"2 speech": 1, ...}}, which goes
// with the next press on the button. props.shots = [{number, speaker, text, time, feeling, colour, parts: [name, ...]}, ...]
const box = element.querySelector('.parts');
const list = box.querySelector('ol');
const NAMES = { speech: 'Voice', portrait: 'Face', gesture: 'Body', score: 'Music' };
let open = '';
const make = (kind, into, settings = {}, attributes = {}) => {
  const node = into.appendChild(Object.assign(document.createElement(kind), settings));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const takes = () => (props.value && props.value.takes) || {};
function part(into, name, shot) {
  const id = shot.number ? shot.number + ' ' + name : name;
  const where = shot.number ? ' of line ' + shot.number : '';
  const node = make('span', into, { className: 'part' });
  const show = make('button', node, { type: 'button', className: 'show' }, { 'data-show': id, 'aria-pressed': open === id, 'aria-label': 'Show ' + NAMES[name].toLowerCase() + where });
  show.textContent = NAMES[name];
  if (takes()[id]) make('small', show, { textContent: 'take ' + (takes()[id] + 1) });
  const again = make('button', node, { type: 'button', className: 'again' }, { 'data-again': id, 'aria-label': 'Make ' + NAMES[name].toLowerCase() + where + ' again', title: 'Make it again' });
  again.innerHTML = '<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M9.6 3.3A4.4 4.4 0 1 0 10.4 6.6M10 .8v2.9H7.1"></path></svg>';
}
function draw() {
  const shots = props.shots || [];
  box.hidden = !shots.length;
  list.replaceChildren();
  for (const shot of shots) {
    const node = make('li', list);
    node.style.setProperty('--feeling', shot.colour || 'var(--line-strong)');
    const words = make('p', node);
    make('span', words, { className: 'time', textContent: shot.time });
    if (shot.speaker) make('b', words, { textContent: shot.speaker + ' ' });
    words.append(shot.text);
    const row = make('div', node, { className: 'part-row' });
    for (const name of shot.parts) part(row, name, shot);
  }
}
box.addEventListener('click', (event) => {
  const [show, again] = [event.target.closest('[data-show]'), event.target.closest('[data-again]')];
  if (show) {
    open = open === show.dataset.show ? '' : show.dataset.show;
    for (const node of list.querySelectorAll('[data-show]')) node.setAttribute('aria-pressed', node.dataset.show === open);
    trigger('select', { part: open });
  }
  if (again) {
    const id = again.dataset.again;
    props.value = { takes: Object.assign({}, takes(), { [id]: (takes()[id] || 0) + 1 }) };
    draw();
    setTimeout(() => document.getElementById('scene-generate')?.click(), 60);
  }
});
watch(['value', 'shots'], draw);
draw();
