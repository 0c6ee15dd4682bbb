// A press on a card, or Enter on it, opens the piece; Python gets its id.
element.addEventListener('click', (event) => {
  const tile = event.target.closest('[data-entry]');
  if (!tile) return;
  trigger('select', { entry: tile.dataset.entry });
  const chosen = () => document.getElementById('chosen');
  setTimeout(() => chosen()?.scrollIntoView({ behavior: 'smooth', block: 'start' }), 700);
});
