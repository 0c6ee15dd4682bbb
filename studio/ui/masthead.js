// Light or dark: the browser's wish until a person chooses; the choice is remembered in this browser.
const KEY = 'affect-studio-look';
const look = (dark) => document.body.classList.toggle('dark', dark);
let kept = null;
try { kept = localStorage.getItem(KEY); } catch (error) { kept = null; }
if (kept) look(kept === 'dark');
element.querySelector('button').addEventListener('click', () => {
  const dark = !document.body.classList.contains('dark');
  look(dark);
  try { localStorage.setItem(KEY, dark ? 'dark' : 'light'); } catch (error) { /* a private window keeps nothing */ }
});
