// npm run bench: the numbers that the README names, measured on this machine. Ratios are taken in one run, runs in turn,
// because absolute times on a shared machine mean little. Needs Linux, and 4 GB of room in the temporary folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../bin/ascend-bundle.js');
const LAYERS = 16;
const DIM = 4096;
const LAYER_BYTES = DIM * DIM * 4;

const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-bench-'));
try {
  startUp();
  await largeModels();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Medians of alternating runs. */
function startUp(runs = 21) {
  const commands = { 'node -e 0': ['-e', '0'], '--version': [BIN, '--version'], '--help': [BIN, '--help'] };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let i = 0; i < runs; i++) {
    for (const [name, args] of Object.entries(commands)) {
      const start = performance.now();
      spawnSync(process.execPath, args);
      times[name].push(performance.now() - start);
    }
  }
  const base = median(times['node -e 0']);
  for (const [name, all] of Object.entries(times))
    print(name, `${median(all).toFixed(0)} ms, ${(median(all) / base).toFixed(2)} x node -e 0`);
}

async function largeModels() {
  const bytes = LAYERS * LAYER_BYTES;
  for (const kind of ['inline', 'external']) {
    const model = join(folder, `${kind}.onnx`);
    writeModel(model, kind);
    const bundle = join(folder, `${kind}.om`);
    const run = measure(['build', model, '--consts', 'w0,w7', '-o', bundle]);
    print(
      `build, ${gib(bytes)} ${kind}`,
      `${run.seconds.toFixed(1)} s, peak ${run.peakMiB} MiB, ONNX Runtime ${run.loadedOrt ? 'LOADED' : 'not loaded'}`,
    );
    const first = await sha256(bundle);
    measure(['build', model, '--consts', 'w0,w7', '-o', bundle, '--force']);
    print('  built again', (await sha256(bundle)) === first ? 'identical' : 'DIFFERENT');
    const look = measure(['inspect', bundle]);
    print(`  inspect, ${gib(statSync(bundle).size)}`, `${(look.seconds * 1000).toFixed(0)} ms, peak ${look.peakMiB} MiB`);
    const exec = measure(['run', bundle, '--input', 'x=rand:1', '--update', 'w0=rand:2']);
    print('  run with an update', `${exec.seconds.toFixed(1)} s, peak ${exec.peakMiB} MiB`);
    rmSync(bundle);
  }
}

/** The process says its own peak when it ends: VmHWM of /proc, and whether the runtime's library is mapped. */
function measure(args) {
  const hook = `process.on('exit', () => {
    const { readFileSync } = require('node:fs');
    const hwm = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
    require('node:fs').writeSync(2, '\\n@@' + hwm + ' ' + readFileSync('/proc/self/maps', 'utf8').includes('libonnxruntime') + '\\n');
  });`;
  const start = performance.now();
  const preload = join(folder, 'peak.cjs');
  writeFile(preload, Buffer.from(hook));
  const { status, stderr } = spawnSync(process.execPath, ['--require', preload, BIN, ...args], {
    encoding: 'utf8',
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  const [, kib, loaded] = /@@(\d+) (\w+)/.exec(stderr);
  return { seconds, peakMiB: Math.round(Number(kib) / 1024), loadedOrt: loaded === 'true' };
}

/** x [1, DIM] through LAYERS MatMuls with pseudo-random weights. */
function writeModel(path, kind) {
  const varint = (value) => {
    const out = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
    return Buffer.from([...out, rest]);
  };
  const int = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
  const tagged = (field, length) => Buffer.concat([varint(field * 8 + 2), varint(length)]);
  const bytes = (field, value) => Buffer.concat([tagged(field, Buffer.byteLength(value)), Buffer.from(value)]);
  const info = (name) =>
    Buffer.concat([
      bytes(1, name),
      bytes(2, bytes(1, Buffer.concat([int(1, 1), bytes(2, Buffer.concat([bytes(1, int(1, 1)), bytes(1, int(1, DIM))]))]))),
    ]);
  const entry = (key, value) => bytes(13, Buffer.concat([bytes(1, key), bytes(2, value)]));
  const fd = openSync(path, 'w');
  const data = kind === 'external' ? openSync(`${path}.data`, 'w') : fd;
  const nodes = [];
  const heads = [];
  for (let i = 0; i < LAYERS; i++) {
    nodes.push(
      bytes(
        1,
        Buffer.concat([
          bytes(1, i === 0 ? 'x' : `h${i - 1}`),
          bytes(1, `w${i}`),
          bytes(2, i === LAYERS - 1 ? 'y' : `h${i}`),
          bytes(3, `mm${i}`),
          bytes(4, 'MatMul'),
        ]),
      ),
    );
    const spec = Buffer.concat([int(1, DIM), int(1, DIM), int(2, 1), bytes(8, `w${i}`)]);
    heads.push(
      kind === 'external'
        ? Buffer.concat([
            spec,
            entry('location', `${kind}.onnx.data`),
            entry('offset', String(i * LAYER_BYTES)),
            entry('length', String(LAYER_BYTES)),
            int(14, 1),
          ])
        : Buffer.concat([spec, tagged(9, LAYER_BYTES)]),
    );
  }
  const inlineBytes = kind === 'external' ? 0 : LAYER_BYTES;
  const tail = Buffer.concat([bytes(11, info('x')), bytes(12, info('y'))]);
  const initializers = heads.map((head) => Buffer.concat([tagged(5, head.length + inlineBytes), head]));
  const graphBytes = [...nodes, ...initializers, tail].reduce((sum, part) => sum + part.length, 0) + LAYERS * inlineBytes;
  writeSync(fd, Buffer.concat([int(1, 8), bytes(8, int(2, 17)), tagged(7, graphBytes), ...nodes]));
  for (let i = 0; i < LAYERS; i++) {
    writeSync(fd, initializers[i]);
    writeSync(data, weights(i));
  }
  writeSync(fd, tail);
  closeSync(fd);
  if (data !== fd) closeSync(data);
}

function weights(seed) {
  const out = new Float32Array(DIM * DIM);
  let state = seed + 1;
  for (let i = 0; i < out.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = state / 2 ** 31 / 64;
  }
  return Buffer.from(out.buffer);
}

function writeFile(path, content) {
  const fd = openSync(path, 'w');
  writeSync(fd, content);
  closeSync(fd);
}

async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function gib(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function print(name, value) {
  console.log(`${name.padEnd(28)} ${value}`);
}
