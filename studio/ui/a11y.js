// Gradio gives each radio button a name of its own, so that arrow keys do not move among them: here they are one group.
const group = () => {
  for (const block of document.querySelectorAll('.segments, .chips')) {
    const wrap = block.querySelector('.wrap:has(> label)');
    if (!wrap) continue;
    const radios = wrap.querySelectorAll('input[type=radio]');
    if ([...radios].some((radio) => radio.name !== block.id + '-choice')) {
      wrap.setAttribute('role', 'radiogroup');
      wrap.setAttribute('aria-label', block.querySelector('[data-testid=block-info]')?.textContent.trim() || block.id);
      radios.forEach((radio) => { radio.name = block.id + '-choice'; });
    }
  }
};
new MutationObserver(group).observe(document.body, { childList: true, subtree: true, attributeFilter: ['name'] });
group();
