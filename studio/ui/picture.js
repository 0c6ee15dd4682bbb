// Moves the playhead over the picture with the sound, film or body, lets a press on the picture jump in it, and hides
// words above it that would lie over one another.
const sound = () => {
  const film = element.querySelector('video.film');
  if (film) return film;
  const body = element.querySelector('.body-player');
  if (body) return body.clock || null;
  const box = document.getElementById('SOUND_ID');
  if (!box) return null;
  for (const node of [box, ...box.querySelectorAll('*')]) {
    const found = (node.shadowRoot || node).querySelector('audio');
    if (found) return found;
  }
  return null;
};
const before = () => element.querySelector('audio.before'); // the recording that the sound was made from
let ruler = null;
let width = 0;
const thin = () => {
  const found = element.querySelector('.ruler');
  if (!found || (found === ruler && found.clientWidth === width)) return;
  ruler = found;
  width = found.clientWidth;
  let end = -Infinity;
  for (const word of ruler.children) {
    const box = word.getBoundingClientRect();
    const fits = box.left > end + 3;
    word.style.visibility = fits ? '' : 'hidden';
    if (fits) end = box.right;
  }
};
const place = () => {
  thin();
  const picture = element.querySelector('[data-duration]');
  const head = element.querySelector('.playhead');
  const source = before();
  const audio = picture && head ? (source && !source.paused ? source : sound()) : null;
  if (audio) {
    const at = audio.currentTime / (audio === source ? source.duration : Number(picture.dataset.duration || 1));
    head.style.left = (100 * Math.min(1, at)) + '%';
    head.style.opacity = audio.currentTime > 0.02 && at <= 1 ? 1 : 0;
  }
  requestAnimationFrame(place);
};
element.addEventListener('click', (event) => {
  const picture = event.target.closest('[data-duration]:not(.before-after)');
  const audio = sound();
  if (!picture || !audio || !picture.dataset.duration) return;
  const box = picture.getBoundingClientRect();
  audio.currentTime = Math.max(0, (event.clientX - box.left) / box.width) * Number(picture.dataset.duration);
});
requestAnimationFrame(place);
