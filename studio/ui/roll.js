// Moves the playhead over the roll with the sound, and lets a press on the roll jump in the sound.
const sound = () => {
  const box = document.getElementById('SOUND_ID');
  if (!box) return null;
  for (const node of [box, ...box.querySelectorAll('*')]) {
    const found = (node.shadowRoot || node).querySelector('audio');
    if (found) return found;
  }
  return null;
};
const place = () => {
  const roll = element.querySelector('.roll');
  const head = element.querySelector('.playhead');
  const audio = sound();
  if (roll && head && audio) {
    const at = audio.currentTime / Number(roll.dataset.duration || 1);
    head.style.left = (100 * Math.min(1, at)) + '%';
    head.style.opacity = audio.currentTime > 0.02 && at <= 1 ? 1 : 0;
  }
  requestAnimationFrame(place);
};
element.addEventListener('click', (event) => {
  const roll = event.target.closest('.roll');
  const audio = sound();
  if (!roll || !audio || !roll.dataset.duration) return;
  const box = roll.getBoundingClientRect();
  audio.currentTime = Math.max(0, (event.clientX - box.left) / box.width) * Number(roll.dataset.duration);
});
requestAnimationFrame(place);
