// One row a sentence: its text, its emotion (any words; the names are offered), its intensity.
// value = {rows: [{text, emotion, intensity, colour, problem}, ...], names: [name, ...]}
const box = element.querySelector('.strip');
const [list, names] = [box.querySelector('ol'), box.querySelector('datalist')];
names.id = element.id ? element.id + '-names' : 'strip-names';
const rows = () => (props.value && props.value.rows) || [];

const make = (kind, into, settings) => into.appendChild(Object.assign(document.createElement(kind), settings));
const add = (number) => {
  const row = make('li', list, {});
  row.text = make('p', row, {});
  row.emotion = make('input', row, { type: 'text', maxLength: 200 });
  row.emotion.setAttribute('list', names.id);
  row.emotion.setAttribute('aria-label', 'Emotion of sentence ' + (number + 1));
  row.slider = make('input', row, { type: 'range', min: 0, max: 1.5, step: 0.01 });
  row.slider.setAttribute('aria-label', 'Intensity of sentence ' + (number + 1));
  row.amount = make('output', row, {});
  row.problem = make('p', row, { className: 'problem' });
  row.slider.addEventListener('input', () => amount(row));
  for (const field of [row.emotion, row.slider]) field.addEventListener('change', tell);
};
const amount = (row) => {
  row.amount.textContent = Number(row.slider.value).toFixed(2);
  row.slider.style.setProperty('--at', 100 * row.slider.value / 1.5 + '%');
};
const fill = (row, { text, emotion, intensity, colour, problem }) => {
  row.text.textContent = text;
  // What is being typed is not overwritten by a late answer.
  if (document.activeElement !== row.emotion) row.emotion.value = emotion;
  if (document.activeElement !== row.slider) row.slider.value = intensity;
  amount(row);
  row.style.setProperty('--feeling', colour || 'var(--line-strong)');
  row.problem.textContent = problem || '';
  row.emotion.setAttribute('aria-invalid', problem ? 'true' : 'false');
};
function tell() {
  const now = [...list.children].map((row, number) => Object.assign({}, rows()[number], {
    emotion: row.emotion.value, intensity: Number(row.slider.value),
  }));
  props.value = Object.assign({}, props.value, { rows: now });
  trigger('input');
}
const draw = () => {
  box.hidden = !rows().length;
  const offered = (props.value && props.value.names) || [];
  if (names.children.length !== offered.length) {
    names.replaceChildren(...offered.map((name) => Object.assign(document.createElement('option'), { value: name })));
  }
  while (list.children.length > rows().length) list.lastChild.remove();
  while (list.children.length < rows().length) add(list.children.length);
  rows().forEach((row, number) => fill(list.children[number], row));
};
watch('value', draw);
draw();
