// Plays the films of both sides together: one button, one place in time, the sound of one side.
const box = element.querySelector('.in-step');
const [both, label] = [box.querySelector('.play-both'), box.querySelector('.play-both span')];
const IDS = ['A_ID', 'B_ID'];
const AWAY = 0.08; // seconds by which one film may lag before it is set to where the other is
let together = false;
let heard = 0;

// A film, or what a body moves by.
const films = () => IDS.map((id) => {
  const side = document.getElementById(id);
  return side?.querySelector('video.film') || side?.querySelector('.body-player[data-drawn]')?.clock;
});
const listen = (side) => {
  heard = side;
  films().forEach((film, number) => { if (film) film.muted = together && number !== heard; });
  for (const button of box.querySelectorAll('[data-side]')) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.side) === heard));
  }
};
const rest = () => {
  together = false;
  for (const film of films()) if (film) film.pause();
  listen(heard);
};
const start = () => {
  const [leader, other] = [films()[heard], films()[1 - heard]];
  if (leader.ended || other.ended) leader.currentTime = 0;
  other.currentTime = Math.min(leader.currentTime, other.duration || 0);
  together = true;
  listen(heard);
  // What the browser would not play is at rest again in a moment.
  for (const film of [leader, other]) film.play().catch(rest);
};
both.addEventListener('click', () => (together ? rest() : start()));
for (const button of box.querySelectorAll('[data-side]')) {
  button.addEventListener('click', () => listen(Number(button.dataset.side)));
}
const follow = () => {
  const found = films();
  const ready = found.every(Boolean);
  if (box.hidden === ready) box.hidden = !ready;
  if (!ready) together = false;
  if (together) {
    const [leader, other] = [found[heard], found[1 - heard]];
    const apart = leader.currentTime - other.currentTime;
    // One may be shorter; then the other goes on alone.
    if (leader.ended && other.ended) rest();
    else if ((leader.paused && !leader.ended && !leader.seeking) || (other.paused && !other.ended && !other.seeking)) rest();
    else if (!leader.ended && !other.seeking && Math.abs(apart) > AWAY && leader.currentTime < other.duration) {
      other.currentTime = leader.currentTime;
      if (other.paused) other.play().catch(rest);
    }
  }
  const words = together ? 'Pause both' : 'Play both';
  if (label.textContent !== words) {
    label.textContent = words;
    both.classList.toggle('on', together);
  }
  requestAnimationFrame(follow);
};
requestAnimationFrame(follow);
