// Plays bodies in 3D: loads the model, turns it by drag, keys or touch, and keeps in step with its sound.
{
  const [FIELD, STEP, LEAST, MOST] = [0.42, 0.17, 0.35, 3]; // radians of view; of a key; the nearest and farthest, of what fits
  const TURNS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
  const START = { azimuth: 0.42, elevation: 0.13, zoom: 1 };
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
  const told = (seconds) => Math.floor(seconds / 60) + ':' + (seconds % 60).toFixed(1).padStart(4, '0');

  // What plays: the sound, or without one a clock that goes like it.
  const silent = (duration) => {
    let [from, since] = [0, null];
    const now = () => (since === null ? from : Math.min(duration, from + (performance.now() - since) / 1000));
    return {
      duration,
      get paused() { if (since !== null && now() >= duration) { from = duration; since = null; } return since === null; },
      get currentTime() { return now(); },
      set currentTime(value) { from = clamp(value, 0, duration); if (since !== null) since = performance.now(); },
      play() { if (now() >= duration) from = 0; since = performance.now(); return Promise.resolve(); },
      pause() { from = now(); since = null; },
      get ended() { return now() >= duration; },
      seeking: false,
      muted: false,
    };
  };

  // How large a motion is and where it goes: what the camera has to hold.
  const measured = (model) => {
    const count = model.times.length;
    const steps = Math.min(count, 90);
    let [wide, high] = [0.5, 1.8];
    const ahead = [0, 0];
    const grounds = [];
    for (let step = 0; step < steps; step++) {
      const pose = bodyModel.pose(model, model.times[Math.floor((step * (count - 1)) / Math.max(1, steps - 1))]);
      const [x, , z] = pose.places[0];
      grounds.push([x, z]);
      const front = bodyModel.turned(pose.turns[0], [0, 0, 1]);
      ahead[0] += front[0] / steps;
      ahead[1] += front[2] / steps;
      for (const place of pose.places) {
        wide = Math.max(wide, Math.hypot(place[0] - x, place[2] - z) + 0.22);
        high = Math.max(high, place[1] + 0.22);
      }
    }
    const front = Math.hypot(...ahead) < 0.3 ? 0 : Math.atan2(ahead[0], ahead[1]);
    const spread = [0, 1].map((axis) => [Math.min(...grounds.map((at) => at[axis])), Math.max(...grounds.map((at) => at[axis]))]);
    const roams = Math.max(...spread.map(([low, top]) => top - low)) > 1.2;
    const middle = spread.map(([low, top]) => (low + top) / 2);
    return { wide, high, front, roams, middle, way: roams ? smoothed(model) : null };
  };

  // Where who walks about is on the floor, frame by frame, as a mean over the moments before and after.
  const smoothed = (model) => {
    const count = model.times.length;
    const reach = Math.round((0.9 * count) / Math.max(0.1, model.times[count - 1]));
    const sums = [0, 2].map((axis) => {
      const sum = new Float64Array(count + 1);
      for (let frame = 0; frame < count; frame++) sum[frame + 1] = sum[frame] + model.root[3 * frame + axis];
      return sum;
    });
    return (time) => {
      const place = Math.min(count - 1, (time / Math.max(1e-6, model.times[count - 1])) * (count - 1));
      const [first, share] = [Math.floor(place), place - Math.floor(place)];
      const mean = (frame, sum) => { const w = Math.min(reach, frame, count - 1 - frame); return (sum[frame + w + 1] - sum[frame - w]) / (2 * w + 1); };
      return sums.map((sum) => (1 - share) * mean(first, sum) + share * mean(Math.min(count - 1, first + 1), sum));
    };
  };

  const viewOf = (size, orbit, time, aspect) => {
    const [x, z] = size.way ? size.way(time) : size.middle;
    const target = [x, size.high / 2 - 0.03, z];
    const fits = Math.max(size.high + 0.16, (2 * size.wide) / aspect) / (2 * Math.tan(FIELD / 2));
    const distance = fits * orbit.zoom;
    const azimuth = size.front + orbit.azimuth;
    const flat = Math.cos(orbit.elevation);
    const back = [Math.sin(azimuth) * flat, Math.sin(orbit.elevation), Math.cos(azimuth) * flat];
    const right = [Math.cos(azimuth), 0, -Math.sin(azimuth)];
    const up = [back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2], back[0] * right[1] - back[1] * right[0]];
    const eye = target.map((value, axis) => value + distance * back[axis]);
    const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const near = 0.05 * distance;
    const far = distance + 12;
    const matrix = (ratio) => {
      const tall = 1 / Math.tan(FIELD / 2);
      const rows = [right.map((v) => (v * tall) / ratio), up.map((v) => v * tall), back.map((v) => -v)];
      const depth = (far + near) / (far - near);
      const push = (2 * far * near) / (far - near);
      const shift = rows.map((row) => -dot(row, eye));
      return new Float32Array([0, 1, 2].flatMap((axis) => [rows[0][axis], rows[1][axis], rows[2][axis] * depth, rows[2][axis]])
        .concat([shift[0], shift[1], shift[2] * depth - push, shift[2]]));
    };
    const seen = (place, width, height) => {
      const off = place.map((value, axis) => value - eye[axis]);
      const away = -dot(off, back);
      const scale = height / (2 * Math.tan(FIELD / 2) * away);
      return { x: width / 2 + dot(off, right) * scale, y: height / 2 - dot(off, up) * scale, scale, away };
    };
    return { matrix, seen, eye, target, elevation: orbit.elevation };
  };

  // `signal` says when the page shows another body in the same place.
  const start = (box, signal) => {
    const [view, told_, go, place, clock, mute] = ['.body-view', '.body-told', '.toggle', '.body-at', 'output', '.mute'].map((name) => box.querySelector(name));
    const fresh = () => { const other = document.createElement('canvas'); view.querySelector('canvas').replaceWith(other); return other; };
    const canvas = fresh();
    const listen = (node, name, call, more) => node.addEventListener(name, call, { signal, ...more });
    const audio = box.querySelector('audio');
    const seconds = Number(box.dataset.seconds);
    const media = audio || silent(seconds);
    const orbit = { ...START };
    let [model, size, painter, last] = [null, null, null, ''];
    box.clock = media;

    const toggle = () => { if (media.paused) media.play().catch(() => {}); else media.pause(); };
    const reset = () => Object.assign(orbit, START);
    const turn = (across, up) => { orbit.azimuth -= across; orbit.elevation = clamp(orbit.elevation + up, -0.05, 1.45); };
    const zoom = (times) => { orbit.zoom = clamp(orbit.zoom * times, LEAST, MOST); };

    const pointers = new Map();
    const apart = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
    listen(view, 'pointerdown', (event) => {
      if (event.button) return;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      view.setPointerCapture(event.pointerId);
      view.focus({ preventScroll: true });
    });
    listen(view, 'pointermove', (event) => {
      const from = pointers.get(event.pointerId);
      if (!from) return;
      const before = pointers.size === 2 ? apart() : 0;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (pointers.size === 2) zoom(before / Math.max(1, apart()));
      else turn((event.clientX - from[0]) * 0.009, (event.clientY - from[1]) * 0.009);
    });
    for (const name of ['pointerup', 'pointercancel']) listen(view, name, (event) => pointers.delete(event.pointerId));
    listen(view, 'dblclick', reset);
    // The page scrolls unless the picture was chosen.
    listen(view, 'wheel', (event) => {
      if (document.activeElement !== view && !event.ctrlKey) return;
      zoom(Math.exp(event.deltaY * 0.0015));
      event.preventDefault();
    }, { passive: false });
    listen(view, 'keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (TURNS[event.key]) turn(...TURNS[event.key]);
      else if (event.key === '+' || event.key === '=') zoom(1 / 1.15);
      else if (event.key === '-') zoom(1.15);
      else if (event.key === 'Home') reset();
      else if (event.key === ' ') toggle();
      else return;
      event.preventDefault();
    });
    listen(go, 'click', toggle);
    listen(place, 'input', () => { media.currentTime = Number(place.value); });
    listen(box.querySelector('.front'), 'click', reset);
    if (mute) listen(mute, 'click', () => { audio.muted = !audio.muted; mute.setAttribute('aria-pressed', String(audio.muted)); });

    const open = async () => {
      const answer = await fetch(box.dataset.model);
      if (!answer.ok) throw new Error('expected the model, got ' + answer.status);
      const found = bodyModel.load(await answer.arrayBuffer());
      if (signal.aborted) return;
      size = measured(found);
      let kind = 'webgl';
      try { painter = bodyScene.make(canvas, found, size.front + START.azimuth); } catch (error) { console.warn('no WebGL', error); }
      // A canvas that was asked for WebGL gives nothing else.
      if (!painter) { kind = 'strokes'; painter = bodySketch.make(fresh(), found); }
      model = found;
      box.dataset.drawn = kind;
      told_.textContent = '';
    };
    open().catch((error) => { told_.textContent = 'The body cannot be shown: ' + error.message; });

    const frame = () => {
      if (signal.aborted || !box.isConnected) {
        if (painter) painter.drop();
        if (!box.isConnected && !media.paused) media.pause();
        return;
      }
      requestAnimationFrame(frame);
      const time = Math.min(seconds, media.currentTime);
      const playing = String(!media.paused);
      if (go.getAttribute('aria-pressed') !== playing) {
        go.setAttribute('aria-pressed', playing);
        go.setAttribute('aria-label', media.paused ? 'Play' : 'Pause');
      }
      const words = told(time) + ' / ' + told(seconds);
      if (clock.textContent !== words) clock.textContent = words;
      if (document.activeElement !== place || !media.paused) place.value = time;
      place.style.setProperty('--done', (100 * time) / Math.max(1e-3, seconds) + '%');
      place.setAttribute('aria-valuetext', told(time));
      if (!painter || !view.clientWidth) return;
      const shown = view.querySelector('canvas');
      const sharp = Math.min(2, window.devicePixelRatio || 1);
      const sides = [Math.round(view.clientWidth * sharp), Math.round(view.clientHeight * sharp)];
      const ink = getComputedStyle(view).getPropertyValue('--ink-rgb').trim() || 'rgb(40 40 50)';
      const state = [time, ...sides, orbit.azimuth, orbit.elevation, orbit.zoom, ink].join();
      if (state === last) return;
      last = state;
      if (shown.width !== sides[0] || shown.height !== sides[1]) [shown.width, shown.height] = sides;
      const pose = bodyModel.pose(model, time);
      painter.draw(pose, viewOf(size, orbit, time, sides[0] / sides[1]), ink);
      box.dataset.at = time.toFixed(3);
      box.dataset.turned = orbit.azimuth.toFixed(3);
    };
    requestAnimationFrame(frame);
  };

  // Starts every player that appears in an element.
  window.playBodies = (element) => {
    const look = () => {
      for (const box of element.querySelectorAll('.body-player')) {
        // Gradio keeps elements and changes what is different in them.
        if (box.shows === box.dataset.model) continue;
        box.shows = box.dataset.model;
        box.gone?.abort();
        box.gone = new AbortController();
        for (const name of ['drawn', 'at', 'turned']) delete box.dataset[name];
        start(box, box.gone.signal);
      }
    };
    new MutationObserver(look).observe(element, { childList: true, subtree: true, attributeFilter: ['data-model'] });
    look();
  };
}
