// Two eyes that look where they are dragged to; also by keyboard.
// value = {yaw, pitch, most_yaw, most_pitch} in degrees: yaw to the right of the picture, pitch upwards
const field = element.querySelector('.gaze');
const words = element.querySelector('output');
const clip = element.querySelector('clipPath');
const irises = element.querySelector('.irises');
const REACH = [21, 13]; // of the irises at the limits, in units of the drawing
clip.id = (element.id || 'gaze') + '-lids';
const moving = irises.parentNode.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'g'));
irises.before(moving);
moving.setAttribute('clip-path', 'url(#' + clip.id + ')');
moving.append(irises);

const limit = (axis) => Number((props.value || {})['most_' + axis]) || 30;
const at = (axis) => Number((props.value || {})[axis]) || 0;
let place = { yaw: 0, pitch: 0 };
let held = false;
let sentAt = 0;
let later = null;

const said = () => {
  const side = place.yaw && Math.abs(place.yaw) + '° ' + (place.yaw > 0 ? 'right' : 'left');
  const height = place.pitch && Math.abs(place.pitch) + '° ' + (place.pitch > 0 ? 'up' : 'down');
  return [side, height].filter(Boolean).join(', ') || 'straight ahead';
};
const show = () => {
  const [x, y] = [REACH[0] * place.yaw / limit('yaw'), -REACH[1] * place.pitch / limit('pitch')];
  irises.setAttribute('transform', 'translate(' + x.toFixed(2) + ' ' + y.toFixed(2) + ')');
  words.textContent = said();
  field.setAttribute('aria-valuetext', said());
  field.setAttribute('aria-valuenow', place.yaw);
  field.setAttribute('aria-valuemin', -limit('yaw'));
  field.setAttribute('aria-valuemax', limit('yaw'));
};
// A steady trickle while the hand moves, and always the last place.
const tell = (last) => {
  clearTimeout(later);
  later = null;
  const now = Date.now();
  if (!last && now - sentAt < 140) { later = setTimeout(() => tell(true), 150); return; }
  sentAt = now;
  props.value = Object.assign({}, props.value, place);
  trigger('input');
};
const move = (yaw, pitch, last) => {
  const clamp = (angle, axis) => Math.round(Math.max(-limit(axis), Math.min(limit(axis), angle)));
  place = { yaw: clamp(yaw, 'yaw') || 0, pitch: clamp(pitch, 'pitch') || 0 };
  show();
  tell(last);
};
const follow = (event, last) => {
  const box = field.getBoundingClientRect();
  const [x, y] = [2 * (event.clientX - box.left) / box.width - 1, 1 - 2 * (event.clientY - box.top) / box.height];
  move(x * limit('yaw'), y * limit('pitch'), last);
};
field.addEventListener('pointerdown', (event) => {
  if (event.button) return;
  held = true;
  field.setPointerCapture(event.pointerId);
  field.focus({ preventScroll: true });
  follow(event, false);
});
field.addEventListener('pointermove', (event) => { if (held) follow(event, false); });
for (const name of ['pointerup', 'pointercancel']) {
  field.addEventListener(name, (event) => {
    if (!held) return;
    held = false;
    if (name === 'pointerup') follow(event, true); else tell(true);
  });
}
field.addEventListener('dblclick', () => move(0, 0, true));
field.addEventListener('keydown', (event) => {
  const step = event.shiftKey ? 1 : 5;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (event.key === 'Home') move(0, 0, true);
  else if (moves[event.key]) move(place.yaw + moves[event.key][0], place.pitch + moves[event.key][1], false);
  else return;
  event.preventDefault();
});
const draw = () => {
  // What was told last is not yet where hand or keys are.
  if (!held && later === null) place = { yaw: at('yaw'), pitch: at('pitch') };
  show();
};
watch('value', draw);
draw();
