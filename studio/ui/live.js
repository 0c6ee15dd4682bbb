// Plays finished parts one right after another, to the sample, while the rest is made.
// value = {parts: [path, ...], seconds: ready so far, state: none | making | done}
const AHEAD = 20; // seconds decoded ahead, so that a long text stays small in memory
const box = element.querySelector('.live');
const [button, words] = [box.querySelector('button'), box.querySelector('span')];
let context = null;
let first = null; // the first part's path: another one is another result
let index = 0;
let end = 0;
let feeding = false;
let playing = false;

const ready = () => (props.value && props.value.parts) || [];
const show = () => {
  const { seconds = 0, state = 'none' } = props.value || {};
  box.hidden = !ready().length || (state === 'done' && !playing);
  button.classList.toggle('on', playing);
  button.setAttribute('aria-label', playing ? 'Pause' : 'Listen to what is ready');
  const text = Number(seconds).toFixed(1) + ' s ready' + (state === 'making' ? ', more is being made' : '');
  if (words.textContent !== text) words.textContent = text;
};
const stop = () => {
  playing = false;
  if (context) context.close();
  [context, index, end] = [null, 0, 0];
};
const feed = async () => {
  if (feeding || !playing) return;
  feeding = true;
  try {
    while (playing && index < ready().length && end - context.currentTime < AHEAD) {
      const answer = await fetch('gradio_api/file=' + ready()[index]);
      if (!answer.ok) { stop(); break; }
      const data = await context.decodeAudioData(await answer.arrayBuffer());
      if (!context) break;
      const source = context.createBufferSource();
      source.buffer = data;
      source.connect(context.destination);
      end = Math.max(end, context.currentTime + 0.06);
      source.start(end);
      end += data.duration;
      index += 1;
    }
    const over = context && index >= ready().length && context.currentTime > end;
    if (over && props.value.state === 'done') stop();
  } catch (error) {
    stop();
  } finally {
    feeding = false;
    show();
  }
};
button.addEventListener('click', () => {
  if (!context) context = new AudioContext();
  playing = !playing;
  if (playing) context.resume(); else context.suspend();
  feed();
  show();
});
watch('value', () => {
  if (ready()[0] !== first) { stop(); first = ready()[0]; }
  feed();
  show();
});
setInterval(feed, 400);
show();
