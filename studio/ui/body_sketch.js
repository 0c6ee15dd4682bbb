// Draws a body as strokes from joint to joint, for browsers without WebGL.
const bodySketch = (() => {
  // From, to, width in metres; from far inside to the hands, and what lies farther is drawn first.
  const BONES = [
    ['pelvis', 'spine1', 0.27], ['spine1', 'spine2', 0.25], ['spine2', 'spine3', 0.28], ['spine3', 'neck', 0.2], ['neck', 'head', 0.1],
    ...['left', 'right'].flatMap((side) => [
      ['spine3', side + '_shoulder', 0.13], [side + '_shoulder', side + '_elbow', 0.1], [side + '_elbow', side + '_wrist', 0.08],
      ['pelvis', side + '_hip', 0.17], [side + '_hip', side + '_knee', 0.15], [side + '_knee', side + '_ankle', 0.1], [side + '_ankle', side + '_foot', 0.08],
    ]),
  ];
  const TIPS = [['head', [0, 0.075, 0.01], 0.2], ['left_wrist', [0.09, 0, 0], 0.08], ['right_wrist', [-0.09, 0, 0], 0.08], ['left_foot', [0, -0.005, 0.04], 0.07], ['right_foot', [0, -0.005, 0.04], 0.07]];

  const make = (canvas, model) => {
    const pen = canvas.getContext('2d');
    const draw = (pose, view, ink) => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      const seen = (place) => view.seen(place, canvas.width, canvas.height);
      const lines = [];
      const line = (from, to, width) => {
        const [a, b] = [seen(from), seen(to)];
        lines.push({ a, b, wide: Math.max(1, (width * (a.scale + b.scale)) / 2), away: (a.away + b.away) / 2 });
      };
      for (const [from, to, width] of BONES) line(pose.places[model.index[from]], pose.places[model.index[to]], width);
      for (const [joint, off, width] of TIPS) {
        const at = pose.places[model.index[joint]];
        const end = bodyModel.turned(pose.turns[model.index[joint]], off);
        line(joint === 'head' ? end.map((value, axis) => at[axis] + 0.4 * value) : at, end.map((value, axis) => at[axis] + value), width);
      }
      const ground = pose.places[0];
      const shadow = seen([ground[0], 0, ground[2]]);
      pen.fillStyle = ink;
      pen.globalAlpha = 0.16;
      pen.beginPath();
      pen.ellipse(shadow.x, shadow.y, 0.34 * shadow.scale, 0.34 * shadow.scale * Math.max(0.12, Math.sin(view.elevation)), 0, 0, 7);
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineCap = 'round';
      lines.sort((one, other) => other.away - one.away);
      const far = Math.max(...lines.map((each) => each.away));
      const near = Math.min(...lines.map((each) => each.away));
      for (const { a, b, wide, away } of lines) {
        const light = 62 + 24 * ((far - away) / Math.max(1e-3, far - near));
        for (const [more, colour] of [[2, `hsl(32 12% ${light - 14}%)`], [0, `hsl(32 16% ${light}%)`]]) {
          pen.strokeStyle = colour;
          pen.lineWidth = wide + more;
          pen.beginPath();
          pen.moveTo(a.x, a.y);
          pen.lineTo(b.x, b.y + 0.01);
          pen.stroke();
        }
      }
    };
    return { draw, drop: () => {} };
  };
  return { make };
})();
