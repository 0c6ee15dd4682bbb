// Who speaks: a voice for each, bundled or that of a recording, how loud, and a photo where there is a picture.
// value = {speakers: [{name, voice, clip, clip_name, gain_db, image, image_name, image_url}, ...]}; clips and photos are uploads.
const box = element.querySelector('.cast');
const list = box.querySelector('ul');
const picker = box.querySelector('input[type=file]');
const OWN = 'recording';
let wanted = null; // what the file that is being picked is for
const speakers = () => (props.value && props.value.speakers) || [];
const make = (kind, into, settings = {}, attributes = {}) => {
  const node = into.appendChild(Object.assign(document.createElement(kind), settings));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
function change(name, values) {
  props.value = Object.assign({}, props.value, { speakers: speakers().map((each) => (each.name === name ? Object.assign({}, each, values) : each)) });
  draw();
  trigger('edit');
}
function pick(name, what) {
  wanted = { name, what };
  picker.accept = what === 'clip' ? (props.sounds || []).join(',') : (props.pictures || []).join(',');
  picker.value = '';
  picker.click();
}
picker.addEventListener('change', async () => {
  const [file] = picker.files;
  if (!file || !wanted) return;
  const { name, what } = wanted;
  const told = box.querySelector('.problem');
  told.textContent = '';
  try {
    const found = await upload(file);
    const values = { [what]: found.path, [what + '_name']: file.name };
    change(name, what === 'clip' ? { ...values, voice: OWN } : { ...values, image_url: found.url });
  } catch (error) { told.textContent = 'The file could not be taken: ' + (error.message || error); }
});
picker.addEventListener('cancel', draw);
function build() {
  const node = make('li', list);
  if (props.photos) {
    node.photo = make('button', node, { type: 'button', className: 'seat-photo' });
    node.photo.addEventListener('click', () => pick(node.dataset.name, 'image'));
  }
  node.called = make('b', node);
  node.voice = make('select', node, { className: 'field voice' });
  node.clip = make('span', node, { className: 'clip' });
  const gain = make('label', node, { className: 'gain' });
  node.gain = make('input', gain, { className: 'field', type: 'number', min: -24, max: 24, step: 0.5 });
  make('span', gain, { textContent: 'dB' });
  if (props.feelings) {
    node.feels = make('input', node, { type: 'text', className: 'field feels', maxLength: 2000, placeholder: 'feels as the scene does' });
    node.feels.addEventListener('change', () => change(node.dataset.name, { feels: node.feels.value.trim() }));
  }
  node.voice.addEventListener('change', () => {
    const each = speakers().find((one) => one.name === node.dataset.name);
    if (node.voice.value === OWN && !each.clip) return pick(each.name, 'clip');
    change(each.name, { voice: node.voice.value });
  });
  node.gain.addEventListener('change', () => change(node.dataset.name, { gain_db: Math.max(-24, Math.min(24, Number(node.gain.value) || 0)) }));
  return node;
}
function fill(node, each) {
  node.dataset.name = each.name;
  node.called.textContent = each.name || 'Nobody named';
  const options = [...(props.voices || []), ...(each.name || props.photos ? [[each.clip ? 'Recording: ' + each.clip_name : 'A recording…', OWN]] : [])];
  node.voice.replaceChildren(...options.map(([textContent, value]) => Object.assign(document.createElement('option'), { textContent, value })));
  node.voice.value = each.voice;
  if (document.activeElement !== node.gain) node.gain.value = each.gain_db || 0;
  const called = each.name || 'lines that name nobody';
  node.voice.setAttribute('aria-label', 'Voice of ' + called);
  node.gain.setAttribute('aria-label', 'Level of ' + called + ' in dB');
  if (node.feels) {
    if (document.activeElement !== node.feels) node.feels.value = each.feels || '';
    node.feels.setAttribute('aria-label', 'Own feeling of ' + called + ', such as “calm” or “0:calm, 10:angry”');
  }
  if (!node.photo) return;
  node.photo.replaceChildren();
  if (each.image_url) make('img', node.photo, { src: each.image_url, alt: '' });
  else make('span', node.photo, { textContent: '+' }, { 'aria-hidden': 'true' });
  node.photo.setAttribute('aria-label', (each.image ? 'Another photo of ' : 'A photo of ') + called);
  node.photo.title = each.image_name || 'A photo of ' + called + '; without one a 3D head speaks';
}
function draw() {
  box.hidden = !speakers().length;
  while (list.children.length > speakers().length) list.lastChild.remove();
  while (list.children.length < speakers().length) build();
  speakers().forEach((each, k) => fill(list.children[k], each));
}
watch('value', draw);
draw();
