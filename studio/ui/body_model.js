// Reads a GLB of ours and gives the pose of its body at any time. Lengths in metres, quaternions x, y, z, w.
const bodyModel = (() => {
  const KINDS = { 5121: Uint8Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
  const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

  const parse = (data) => {
    const head = new DataView(data);
    if (data.byteLength < 28 || head.getUint32(0, true) !== 0x46546c67) throw new Error('expected a GLB file, got something else');
    const length = head.getUint32(12, true);
    const scene = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 20, length)));
    const start = 28 + length;
    const accessor = (number) => {
      const found = scene.accessors[number];
      const at = start + (scene.bufferViews[found.bufferView].byteOffset || 0) + (found.byteOffset || 0);
      return new KINDS[found.componentType](data, at, found.count * WIDTHS[found.type]);
    };
    return { scene, accessor };
  };

  const load = (data) => {
    const { scene, accessor } = parse(data);
    const nodes = scene.skins[0].joints;
    const order = new Map(nodes.map((node, number) => [node, number]));
    const parents = nodes.map(() => -1);
    nodes.forEach((node, number) => {
      for (const child of scene.nodes[node].children || []) if (order.has(child)) parents[order.get(child)] = number;
    });
    const primitive = scene.meshes[0].primitives[0];
    const mesh = { indices: accessor(primitive.indices) };
    for (const [name, number] of Object.entries(primitive.attributes)) mesh[name] = accessor(number);
    const animation = scene.animations[0];
    const turns = [];
    let root = null;
    let times = null;
    for (const channel of animation.channels) {
      const sampler = animation.samplers[channel.sampler];
      times = accessor(sampler.input);
      if (channel.target.path === 'translation') root = accessor(sampler.output);
      else turns[order.get(channel.target.node)] = accessor(sampler.output);
    }
    const names = nodes.map((node) => scene.nodes[node].name);
    const offsets = nodes.map((node) => scene.nodes[node].translation || [0, 0, 0]);
    const rest = [];
    offsets.forEach((offset, number) => {
      const from = parents[number] < 0 ? [0, 0, 0] : rest[parents[number]];
      rest.push(offset.map((value, axis) => value + from[axis]));
    });
    return { mesh, parents, names, offsets, rest, turns, root, times, index: Object.fromEntries(names.map((name, at) => [name, at])) };
  };

  const turned = (q, v) => {
    const x = 2 * (q[1] * v[2] - q[2] * v[1]);
    const y = 2 * (q[2] * v[0] - q[0] * v[2]);
    const z = 2 * (q[0] * v[1] - q[1] * v[0]);
    return [
      v[0] + q[3] * x + q[1] * z - q[2] * y,
      v[1] + q[3] * y + q[2] * x - q[0] * z,
      v[2] + q[3] * z + q[0] * y - q[1] * x,
    ];
  };
  const multiplied = (a, b) => [
    a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
    a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
    a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3],
    a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
  ];

  // Where each joint is and how it is turned in the world; between two frames, on the straight way.
  const pose = (model, time) => {
    const last = model.times.length - 1;
    const rate = last ? last / (model.times[last] - model.times[0]) : 1;
    const place = Math.min(last, Math.max(0, time * rate));
    const [first, share] = [Math.floor(place), place - Math.floor(place)];
    const second = Math.min(last, first + 1);
    const [places, turns] = [[], []];
    model.parents.forEach((parent, joint) => {
      const track = model.turns[joint];
      let q = [0, 0, 0, 0];
      for (let axis = 0; axis < 4; axis++) q[axis] = (1 - share) * track[4 * first + axis] + share * track[4 * second + axis];
      const size = Math.hypot(...q) || 1;
      q = q.map((value) => value / size);
      if (parent < 0) {
        places.push([0, 1, 2].map((axis) => (1 - share) * model.root[3 * first + axis] + share * model.root[3 * second + axis]));
        turns.push(q);
      } else {
        const off = turned(turns[parent], model.offsets[joint]);
        places.push(off.map((value, axis) => value + places[parent][axis]));
        turns.push(multiplied(turns[parent], q));
      }
    });
    return { places, turns };
  };

  return { load, pose, turned };
})();
