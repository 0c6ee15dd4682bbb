// Moves the divider between before and after, and plays either: from one to the other it goes on at the same place.
// Runs after picture.js, in its scope.
let playing = null; // the side heard last
const sides = () => ({ before: before(), after: sound() });
element.addEventListener('input', (event) => {
  const picture = event.target.closest('.before-after');
  if (!picture) return;
  picture.style.setProperty('--at', event.target.value + '%');
  event.target.setAttribute('aria-valuetext', 'before left of ' + event.target.value + ' %');
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('.hear');
  if (!button) return;
  const both = sides();
  const [wanted, other] = button.dataset.side === 'before' ? [both.before, both.after] : [both.after, both.before];
  if (!wanted) return;
  if (!wanted.paused) { wanted.pause(); return; }
  if (other && !other.paused) {
    const part = other.currentTime / other.duration;
    other.pause();
    if (Number.isFinite(part * wanted.duration)) wanted.currentTime = part * wanted.duration;
  }
  wanted.play().catch(() => {}); // paused again before it began
});
const follow = () => {
  const buttons = element.querySelectorAll('.hear');
  if (buttons.length) {
    const both = sides();
    const heard = Object.keys(both).filter((side) => both[side] && !both[side].paused);
    // Started with the player's own button: the other one stops.
    if (heard.length === 2 && playing) both[playing].pause();
    else playing = heard[0] || null;
    for (const button of buttons) {
      const on = String(heard.includes(button.dataset.side));
      if (button.getAttribute('aria-pressed') !== on) button.setAttribute('aria-pressed', on);
    }
  }
  requestAnimationFrame(follow);
};
requestAnimationFrame(follow);
