// npm run bench [-- start check large patch diff change]: the numbers that the README names, measured on this machine. Ratios are taken in one run, runs in turn,
// because absolute times on a shared machine mean little. Needs Linux, and 4 GB of room in the temporary folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bytes, int, tagged } from './protobuf.js';

// Node of some versions reads these at every start, which would make all that we add look small beside `node -e 0`.
delete process.env.NODE_EXTRA_CA_CERTS;

const BIN = resolve(import.meta.dirname, '../bin/ascend-bundle.js');
const LAYERS = 16;
const DIM = 4096;
const LAYER_BYTES = DIM * DIM * 4;

const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-bench-'));
const PARTS = { start: startUp, check: checkHeaders, large: largeModels, patch: patchInPlace, diff: diffLarge, change: changeWeights };
const asked = process.argv.slice(2);
try {
  for (const [name, part] of Object.entries(PARTS)) if (asked.length === 0 || asked.includes(name)) await part();
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

/** A file of 1 GiB by its header, in turn with Node alone. The data is a hole: nothing of it is read. */
function checkHeaders(runs = 41) {
  const path = join(folder, 'large.safetensors');
  const names = Array.from({ length: 256 }, (_, i) => `model.layers.${i}.weight`);
  const size = writeHeader(path, names, 1024);
  truncateSync(path, size);
  const times = { node: [], check: [] };
  for (let i = 0; i < runs; i++) {
    times.node.push(cpuOf(['-e', '0']));
    times.check.push(cpuOf([BIN, 'weights', 'check', path]));
  }
  const ratio = middle(times.check) / middle(times.node);
  print(`weights check, ${gib(size)}`, `${middle(times.check).toFixed(1)} ms of CPU, ${ratio.toFixed(2)} x node -e 0`);
  rmSync(path);
}

/** What a process takes of the processor, in ms: on a machine that others use too, its time on the clock is theirs. */
function cpuOf(args) {
  const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" > /dev/null', 'time', process.execPath, ...args], {
    encoding: 'utf8',
  });
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return (user + system) * 1000;
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

/**
 * Against writing and fsyncing as many raw bytes, in turn; of the verb its own steps. The whole command is told too: it also starts a
 * process, reads the bundle's graphs, and waits until the system has given the old file's room back.
 */
function patchInPlace(runs = 9) {
  const [layers, dim] = [25, 1024];
  const model = join(folder, 'patch.onnx');
  const bundle = join(folder, 'patch.om');
  writeModel(model, 'inline', layers, dim);
  const names = Array.from({ length: layers }, (_, i) => `w${i}`);
  measure(['build', model, '--consts', names.join(), '-o', bundle]);
  const weights = join(folder, 'new.safetensors');
  writeWeights(weights, names, dim);
  const { size } = statSync(bundle);
  const times = { raw: [], all: [], one: [] };
  const whole = { all: [], one: [] };
  const peaks = [];
  for (let i = 0; i < runs; i++) {
    times.raw.push(writeRaw(join(folder, 'raw'), size));
    for (const [name, given] of Object.entries({ all: ['--weights', weights], one: ['--set', 'w3=splat:0.5'] })) {
      const { stdout, peakMiB, seconds } = measure(['patch', bundle, ...given, '--in-place', '--json']);
      whole[name].push(seconds * 1000);
      times[name].push(JSON.parse(stdout).timings.reduce((sum, { ms }) => sum + ms, 0));
      peaks.push(peakMiB);
    }
  }
  const ratio = (name) => median(times[name].map((ms, i) => ms / times.raw[i])).toFixed(2);
  const text = (name) =>
    `${median(times[name]).toFixed(0)} ms: ${ratio(name)} x raw bytes; the whole command ${median(whole[name]).toFixed(0)} ms`;
  print(`patch in place, ${Math.round(size / 1e6)} MB`, `all weights ${text('all')}`);
  print('', `one weight of 25 ${text('one')}; peak ${Math.max(...peaks)} MiB`);
}

/** Against a plain read of both files, in turn; first from the disk, then from memory. The processor's time tells what it costs beside others. */
function diffLarge(runs = 4) {
  const model = join(folder, 'diff.onnx');
  const path = (name) => join(folder, `${name}.om`);
  writeModel(model, 'inline');
  const names = Array.from({ length: LAYERS }, (_, i) => `w${i}`);
  measure(['build', model, '--consts', names.join(), '-o', path('a')]);
  rmSync(model);
  const { size } = statSync(path('a'));
  const changes = {
    'equal files': [],
    'one weight of 16 differs': ['w9=rand:9'],
    'all weights differ': names.map((name) => `${name}=rand:1`),
  };
  for (const [what, sets] of Object.entries(changes)) {
    if (sets.length > 0) measure(['patch', path('a'), ...sets.flatMap((set) => ['--set', set]), '-o', path('b')]);
    else {
      copyFileSync(path('a'), path('b'));
      spawnSync('sync', [path('b')]);
    }
    const times = { disk: { cat: [], diff: [] }, memory: { cat: [], diff: [] } };
    const found = [];
    for (let i = 0; i < runs; i++) {
      for (const [from, { cat, diff }] of Object.entries(times)) {
        const ways = [
          () => cat.push(secondsOf('cat', [path('a'), path('b')])),
          () => {
            const one = measure(['diff', path('a'), path('b'), '--json'], [0, 3]);
            diff.push(one.seconds);
            found.push(one);
          },
        ];
        for (const way of i % 2 === 0 ? ways : ways.reverse()) {
          if (from === 'disk') forget(path('a'), path('b'));
          way();
        }
      }
    }
    const differing = JSON.parse(found[0].stdout).result.weights.filter(({ status }) => status !== 'equal').length;
    if (differing !== sets.length) throw new Error(`${what}: ${differing} weights differ`);
    // The least of each: in a virtual machine every second reading from disk gets memory that the host had taken, which costs a second.
    const text = ({ cat, diff }) => `${Math.min(...diff).toFixed(1)} s (${(Math.min(...diff) / Math.min(...cat)).toFixed(2)} x cat)`;
    print(`diff of two ${gib(size)}: ${what}`, `from disk ${text(times.disk)}, from memory ${text(times.memory)}`);
    const cpu = median(found.map(({ cpuSeconds }) => cpuSeconds));
    print('', `${cpu.toFixed(1)} s of processor, peak ${Math.max(...found.map(({ peakMiB }) => peakMiB))} MiB`);
    rmSync(path('b'));
  }
  rmSync(path('a'));
}

/** Out of the page cache; what is not on the disk yet stays. */
function forget(...paths) {
  for (const path of paths) spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

function secondsOf(command, args) {
  const start = performance.now();
  spawnSync(command, args, { stdio: 'ignore' });
  return (performance.now() - start) / 1000;
}

/** The four ways of docs/changing-weights.md. Of commands the whole process, of a session the request alone. */
function changeWeights(runs = 5) {
  const [layers, dim, rank] = [25, 1024, 16];
  const [model, bundle, other] = ['change.onnx', 'change.om', 'again.om'].map((name) => join(folder, name));
  writeModel(model, 'inline', layers, dim);
  const names = Array.from({ length: layers }, (_, i) => `w${i}`);
  const [whole, adapter] = ['whole.safetensors', 'adapter.safetensors'].map((name) => join(folder, name));
  writeWeights(whole, names, dim);
  writeAdapter(adapter, names, dim, rank);
  const build = (out) => measure(['build', model, '--consts', names.join(), '-o', out, '--force', '--backend', 'host']);
  build(bundle);
  const ways = {
    'build again': () => build(other).seconds,
    'patch, all weights': () => measure(['patch', bundle, '--weights', whole, '--in-place']).seconds,
    'patch, one weight': () => measure(['patch', bundle, '--set', 'w3=splat:0.5', '--in-place']).seconds,
    'patch, LoRA': () => measure(['patch', bundle, '--lora', adapter, '-o', other, '--force']).seconds,
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const requests = { 'session, update of all weights': { weights: [whole] }, 'session, update by LoRA': { lora: [adapter] } };
  for (const name of Object.keys(requests)) times[name] = [];
  for (let i = 0; i < runs; i++) {
    for (const [name, way] of Object.entries(ways)) times[name].push(way() * 1000);
    const lines = Object.values(requests).map((request) => JSON.stringify({ op: 'update', ...request }));
    const { stdout } = spawnSync(process.execPath, [BIN, 'session', bundle, '--quiet'], {
      encoding: 'utf8',
      input: `${lines.join('\n')}\n`,
    });
    const replies = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const [i, name] of Object.keys(requests).entries()) {
      if (!replies[i].ok) throw new Error(replies[i].error.message);
      times[name].push(replies[i].ms);
    }
  }
  for (const [name, all] of Object.entries(times)) print(name, `${(median(all) / 1000).toFixed(2)} s`);
}

function writeAdapter(path, names, dim, rank) {
  const factors = names.flatMap((name) => [
    { name: `base_model.model.${name}.lora_A.weight`, shape: [rank, dim] },
    { name: `base_model.model.${name}.lora_B.weight`, shape: [dim, rank] },
  ]);
  const bytes = rank * dim * 4;
  const header = Object.fromEntries(
    factors.map(({ name, shape }, i) => [name, { dtype: 'F32', shape, data_offsets: [i * bytes, (i + 1) * bytes] }]),
  );
  const json = JSON.stringify(header);
  // As the library of the format does, so that the data begins at a multiple of 8.
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  const values = weights(7, dim).subarray(0, bytes);
  writeFile(path, Buffer.concat([length, text, ...factors.map(() => values)]));
}

function writeRaw(path, bytes) {
  const block = Buffer.alloc(4 << 20, 1);
  const start = performance.now();
  const fd = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= block.length) writeSync(fd, block, 0, Math.min(left, block.length));
  fsyncSync(fd);
  closeSync(fd);
  const ms = performance.now() - start;
  rmSync(path);
  return ms;
}

function writeWeights(path, names, dim) {
  writeHeader(path, names, dim);
  const fd = openSync(path, 'a');
  for (let i = 0; i < names.length; i++) writeSync(fd, weights(1000 + i, dim));
  closeSync(fd);
}

/** @returns how long the file with its data is */
function writeHeader(path, names, dim) {
  const bytes = dim * dim * 4;
  const header = Object.fromEntries(
    names.map((name, i) => [name, { dtype: 'F32', shape: [dim, dim], data_offsets: [i * bytes, (i + 1) * bytes] }]),
  );
  const json = JSON.stringify(header);
  // As the library of the format does, so that the data begins at a multiple of 8.
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.concat([length, text]));
  closeSync(fd);
  return 8 + text.length + names.length * bytes;
}

/** The process says its own peak when it ends: VmHWM of /proc, and whether the runtime's library is mapped. */
function measure(args, statuses = [0]) {
  const hook = `process.on('exit', () => {
    const { readFileSync } = require('node:fs');
    const hwm = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
    const { user, system } = process.cpuUsage();
    const loaded = readFileSync('/proc/self/maps', 'utf8').includes('libonnxruntime');
    require('node:fs').writeSync(2, '\\n@@' + [hwm, loaded, (user + system) / 1e6].join(' ') + '\\n');
  });`;
  const start = performance.now();
  const preload = join(folder, 'peak.cjs');
  writeFile(preload, Buffer.from(hook));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', preload, BIN, ...args], {
    encoding: 'utf8',
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - start) / 1000;
  if (!statuses.includes(status)) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  const [, kib, loaded, cpu] = /@@(\d+) (\w+) ([\d.]+)/.exec(stderr);
  return { seconds, stdout, peakMiB: Math.round(Number(kib) / 1024), loadedOrt: loaded === 'true', cpuSeconds: Number(cpu) };
}

/** x [1, dim] through MatMuls with pseudo-random weights. */
function writeModel(path, kind, layers = LAYERS, dim = DIM) {
  const layerBytes = dim * dim * 4;
  const info = (name) =>
    Buffer.concat([
      bytes(1, name),
      bytes(2, bytes(1, Buffer.concat([int(1, 1), bytes(2, Buffer.concat([bytes(1, int(1, 1)), bytes(1, int(1, dim))]))]))),
    ]);
  const entry = (key, value) => bytes(13, Buffer.concat([bytes(1, key), bytes(2, value)]));
  const fd = openSync(path, 'w');
  const data = kind === 'external' ? openSync(`${path}.data`, 'w') : fd;
  const nodes = [];
  const heads = [];
  for (let i = 0; i < layers; i++) {
    nodes.push(
      bytes(
        1,
        Buffer.concat([
          bytes(1, i === 0 ? 'x' : `h${i - 1}`),
          bytes(1, `w${i}`),
          bytes(2, i === layers - 1 ? 'y' : `h${i}`),
          bytes(3, `mm${i}`),
          bytes(4, 'MatMul'),
        ]),
      ),
    );
    const spec = Buffer.concat([int(1, dim), int(1, dim), int(2, 1), bytes(8, `w${i}`)]);
    heads.push(
      kind === 'external'
        ? Buffer.concat([
            spec,
            entry('location', `${kind}.onnx.data`),
            entry('offset', String(i * layerBytes)),
            entry('length', String(layerBytes)),
            int(14, 1),
          ])
        : Buffer.concat([spec, tagged(9, layerBytes)]),
    );
  }
  const inlineBytes = kind === 'external' ? 0 : layerBytes;
  const tail = Buffer.concat([bytes(11, info('x')), bytes(12, info('y'))]);
  const initializers = heads.map((head) => Buffer.concat([tagged(5, head.length + inlineBytes), head]));
  const graphBytes = [...nodes, ...initializers, tail].reduce((sum, part) => sum + part.length, 0) + layers * inlineBytes;
  writeSync(fd, Buffer.concat([int(1, 8), bytes(8, int(2, 17)), tagged(7, graphBytes), ...nodes]));
  for (let i = 0; i < layers; i++) {
    writeSync(fd, initializers[i]);
    writeSync(data, weights(i, dim));
  }
  writeSync(fd, tail);
  closeSync(fd);
  if (data !== fd) closeSync(data);
}

function weights(seed, dim) {
  const out = new Float32Array(dim * dim);
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

/** The mean of the middle half: of times that are told in whole milliseconds. */
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.slice(Math.floor(values.length / 4), Math.ceil((values.length * 3) / 4));
  return half.reduce((sum, value) => sum + value, 0) / half.length;
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
