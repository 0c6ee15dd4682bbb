// A press on a face takes it; Python gets its number from the left.
element.addEventListener('click', (event) => {
  const face = event.target.closest('[data-face]');
  if (face) trigger('select', { face: Number(face.dataset.face) });
});
