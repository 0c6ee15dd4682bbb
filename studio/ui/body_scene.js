// Draws the skinned body, its floor and soft shadows with WebGL. Its numbers come from `body_film.lamps` and the mannequin.
const bodyScene = (() => {
  const LAMPS = LAMPS_JSON;
  const BALLS = BALLS_JSON; // joint, place from it in metres, radius in metres
  const JOINTS = 22;
  const list = (numbers) => numbers.map((value) => value.toFixed(4)).join(',');
  const colour = (name) => `vec3(${list(LAMPS[name])})`;

  const SKIN = `
    precision highp float;
    attribute vec3 place; attribute vec3 normal; attribute vec4 paint; attribute vec4 joint; attribute vec4 share;
    uniform vec4 bones[${3 * JOINTS}]; uniform vec4 balls[${BALLS.length}]; uniform mat4 view; uniform vec3 key;
    varying vec3 at; varying vec3 up; varying vec3 tone; varying vec2 kept;
    void main() {
      vec3 p = vec3(0.); vec3 n = vec3(0.);
      for (int k = 0; k < 4; k++) {
        int row = int(joint[k] + .5) * 3;
        vec4 a = bones[row]; vec4 b = bones[row + 1]; vec4 c = bones[row + 2];
        p += share[k] * vec3(dot(a, vec4(place, 1.)), dot(b, vec4(place, 1.)), dot(c, vec4(place, 1.)));
        n += share[k] * vec3(dot(a.xyz, normal), dot(b.xyz, normal), dot(c.xyz, normal));
      }
      n = normalize(n);
      float closed = 0.; float dark = 0.;
      for (int k = 0; k < ${BALLS.length}; k++) {
        vec3 to = balls[k].xyz - p; float r = balls[k].w; float far2 = dot(to, to); float along = dot(to, key);
        closed += max(0., dot(n, to)) * inversesqrt(far2) * min(1., r * r / far2);
        float beside = sqrt(max(0., far2 - along * along)) / r;
        dark = max(dark, clamp((1.15 - beside) / .6, 0., 1.) * clamp((along / r - 1.3) / .7, 0., 1.));
      }
      at = p; up = n; tone = paint.rgb; kept = vec2(exp(-.9 * closed), dark);
      gl_Position = view * vec4(p, 1.);
    }`;
  const PAINT = `
    precision highp float;
    uniform vec3 eye; uniform vec3 key; uniform vec3 fill; uniform vec3 rim;
    varying vec3 at; varying vec3 up; varying vec3 tone; varying vec2 kept;
    void main() {
      vec3 n = normalize(up); vec3 v = normalize(eye - at);
      float direct = max(0., (dot(n, key) + ${LAMPS.wrap}) / (1. + ${LAMPS.wrap})) * (1. - ${LAMPS.dark} * kept.y);
      vec3 light = direct * ${colour('key_colour')} + max(0., dot(n, fill)) * kept.x * ${colour('fill_colour')}
        + mix(${colour('ground')}, ${colour('sky')}, n.y * .5 + .5) * kept.x;
      float edge = pow(1. - clamp(dot(n, v), 0., 1.), 3.) * clamp(dot(n, rim) * .6 + .4, 0., 1.) * kept.x;
      float shine = ${LAMPS.shine} * pow(max(0., dot(n, normalize(v + key))), ${LAMPS.shininess}.) * (1. - kept.y);
      vec3 lit = (tone * light + edge * ${colour('rim_colour')} + shine) * ${LAMPS.exposure};
      vec3 bent = .7 + .3 * (1. - 2. / (exp((lit - .7) / .15) + 1.));
      gl_FragColor = vec4(pow(clamp(mix(lit, bent, step(.7, lit)), 0., 1.), vec3(1. / 2.2)), 1.);
    }`;
  const FLOOR = `
    precision highp float;
    attribute vec2 corner; uniform mat4 view; uniform vec2 ground; varying vec2 at;
    void main() { at = ground + corner * 4.; gl_Position = view * vec4(at.x, 0., at.y, 1.); }`;
  const SHADE = `
    #extension GL_OES_standard_derivatives : enable
    precision highp float;
    uniform vec4 balls[${BALLS.length}]; uniform vec3 key; uniform vec2 ground; uniform vec3 ink; varying vec2 at;
    void main() {
      float fallen = 0.; float touch = 0.;
      for (int k = 0; k < ${BALLS.length}; k++) {
        vec4 ball = balls[k]; float high = max(0., ball.y - .6 * ball.w); float wide = ball.w + .16 * high;
        vec2 thrown = at - (ball.xz - ball.y / key.y * key.xz);
        fallen += pow(ball.w / wide, 1.4) * exp(-dot(thrown, thrown) / (wide * wide)) / (1. + high / .45);
        vec2 off = at - ball.xz; float over = max(.01, ball.y); float far2 = dot(off, off) + over * over;
        touch += ball.w * ball.w * over * inversesqrt(far2) / far2;
      }
      float shadow = 1. - exp(-.6 * fallen - .5 * touch);
      vec2 cell = at / .5; vec2 line = abs(fract(cell - .5) - .5); vec2 wide = max(fwidth(cell), vec2(1e-4));
      float grid = max(1. - min(line.x / wide.x, 1.), 1. - min(line.y / wide.y, 1.)) * min(1., .02 / max(wide.x, wide.y));
      float away = length(at - ground);
      float lines = .16 * grid * exp(-away * away / 3.6);
      float a = shadow * smoothstep(4., 2.2, away);
      gl_FragColor = vec4(ink * lines * (1. - a), a + lines * (1. - a));
    }`;

  const program = (gl, vertex, fragment) => {
    const made = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text.trim());
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) || 'no shader');
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) || 'no program');
    return made;
  };
  const unit = (v) => { const size = Math.hypot(...v); return v.map((value) => value / size); };
  // The lamps stand around the place that the body is first seen from.
  const lamp = (name, azimuth) => {
    const [x, y, z] = unit(LAMPS[name]);
    return [x * Math.cos(azimuth) + z * Math.sin(azimuth), y, z * Math.cos(azimuth) - x * Math.sin(azimuth)];
  };

  const make = (canvas, model, azimuth) => {
    const gl = canvas.getContext('webgl', { antialias: true, alpha: true, premultipliedAlpha: true });
    if (!gl || gl.getParameter(gl.MAX_VERTEX_UNIFORM_VECTORS) < 3 * JOINTS + BALLS.length + 8) return null;
    if (!gl.getExtension('OES_standard_derivatives')) return null;
    const [skin, floor] = [program(gl, SKIN, PAINT), program(gl, FLOOR, SHADE)];
    const buffer = (kind, data) => {
      const made = gl.createBuffer();
      gl.bindBuffer(kind, made);
      gl.bufferData(kind, data, gl.STATIC_DRAW);
      return made;
    };
    const { mesh } = model;
    const parts = [['place', mesh.POSITION, 3], ['normal', mesh.NORMAL, 3], ['paint', mesh.COLOR_0, 4, true], ['joint', mesh.JOINTS_0, 4], ['share', mesh.WEIGHTS_0, 4]]
      .map(([name, data, width, whole]) => ({ name, width, whole: Boolean(whole), kind: data instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.FLOAT, buffer: buffer(gl.ARRAY_BUFFER, data) }));
    const indices = buffer(gl.ELEMENT_ARRAY_BUFFER, mesh.indices);
    const corners = buffer(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]));
    const [key, fill, rim] = ['key', 'fill', 'rim'].map((name) => lamp(name, azimuth));
    const bones = new Float32Array(12 * JOINTS);
    const balls = new Float32Array(4 * BALLS.length);
    const where = (made, name) => gl.getUniformLocation(made, name);
    const attribute = (made, name, width, kind, whole, data) => {
      const at = gl.getAttribLocation(made, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, data);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, width, kind, whole, 0, 0);
    };
    const place = (pose) => {
      pose.turns.forEach((q, joint) => {
        const columns = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((axis) => bodyModel.turned(q, axis));
        const moved = bodyModel.turned(q, model.rest[joint]);
        for (let row = 0; row < 3; row++) bones.set([columns[0][row], columns[1][row], columns[2][row], pose.places[joint][row] - moved[row]], 12 * joint + 4 * row);
      });
      BALLS.forEach(([joint, off, radius], number) => {
        const at = model.index[joint];
        const moved = bodyModel.turned(pose.turns[at], off);
        balls.set([...moved.map((value, axis) => value + pose.places[at][axis]), radius], 4 * number);
      });
    };
    const draw = (pose, view, ink) => {
      place(pose);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      const matrix = view.matrix(canvas.width / canvas.height);
      gl.useProgram(floor);
      gl.disable(gl.DEPTH_TEST);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      attribute(floor, 'corner', 2, gl.FLOAT, false, corners);
      gl.uniformMatrix4fv(where(floor, 'view'), false, matrix);
      gl.uniform4fv(where(floor, 'balls'), balls);
      gl.uniform3fv(where(floor, 'key'), key);
      gl.uniform3fv(where(floor, 'ink'), ink.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255));
      gl.uniform2f(where(floor, 'ground'), view.target[0], view.target[2]);
      if (view.eye[1] > 0) gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      gl.useProgram(skin);
      gl.disable(gl.BLEND);
      gl.enable(gl.DEPTH_TEST);
      gl.enable(gl.CULL_FACE);
      for (const part of parts) attribute(skin, part.name, part.width, part.kind, part.whole, part.buffer);
      gl.uniformMatrix4fv(where(skin, 'view'), false, matrix);
      gl.uniform4fv(where(skin, 'bones'), bones);
      gl.uniform4fv(where(skin, 'balls'), balls);
      for (const [name, value] of Object.entries({ eye: view.eye, key, fill, rim })) gl.uniform3fv(where(skin, name), value);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, indices);
      gl.drawElements(gl.TRIANGLES, mesh.indices.length, gl.UNSIGNED_SHORT, 0);
      gl.disable(gl.CULL_FACE);
    };
    return { draw, drop: () => gl.getExtension('WEBGL_lose_context')?.loseContext() };
  };
  return { make };
})();
