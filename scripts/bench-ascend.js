// node scripts/bench-ascend.js: what this tool adds to GE. A C++ program and the command line make the same calls on the same stand-in
// of CANN, in turn; and a graph of 3 GB on its way into GE. Needs Linux, g++, and 8 GB of room in the temporary folder.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, ftruncateSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { bytes, int, tagged } from './protobuf.js';

const PROJECT = resolve(import.meta.dirname, '..');
const BIN = join(PROJECT, 'bin/ascend-bundle.js');
const MB = 1e6;

const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-bench-'));
try {
  const cann = await standin();
  for (const [megabytes, runs] of [
    [0, 15],
    [64, 9],
    [256, 5],
  ]) {
    overhead(cann, megabytes, runs);
  }
  await large(cann, 'graph.json', 3);
  await large(cann, 'ONNX, external weights', 3);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Its set-up is TypeScript, for the tests. */
async function standin() {
  const here = join(PROJECT, 'test/support/cann');
  const outfile = join(folder, 'standin.mjs');
  await build({
    entryPoints: [join(here, 'build.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    define: { 'import.meta.dirname': JSON.stringify(here) },
  });
  const { buildStandin } = await import(outfile);
  return join(await buildStandin(), '9.2');
}

function environment(cann) {
  return { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ASCEND_HOME_PATH: cann, LD_LIBRARY_PATH: join(cann, 'lib64') };
}

function overhead(cann, megabytes, runs) {
  const air = join(folder, 'graph.air');
  const json = join(folder, 'graph.json');
  writeFileSync(join(folder, 'w.bin'), Buffer.alloc(Math.max(megabytes * MB, 64), 1));
  writeFileSync(json, graphJson([{ name: 'w', count: Math.max((megabytes * MB) / 4, 16), offset: 0 }]));
  // The graph file that the C++ program gets is the one that GE would be given.
  run(cann, [
    process.execPath,
    BIN,
    'build',
    json,
    '--consts',
    'w',
    '--backend',
    'ascend',
    '-o',
    join(folder, 'm.om'),
    '--emit-graphs',
    folder,
    '--force',
  ]);
  spawnSync('mv', [join(folder, 'm.air'), air]);
  const drive = [join(cann, 'bin/drive'), air, join(folder, 'driven'), 'w'];
  const ours = [
    process.execPath,
    BIN,
    'build',
    air,
    '--consts',
    'w',
    '--backend',
    'ascend',
    '-o',
    join(folder, 'm.om'),
    '--force',
    '--quiet',
  ];
  const [added, disk] = [[], []];
  for (let i = 0; i < runs; i++) {
    const cpp = run(cann, drive);
    // The command line makes its bundle durable; what that costs is seen on the other one.
    const driven = readdirSync(folder).find((name) => /^driven.*\.om$/.test(name));
    disk.push(sync(join(folder, driven)));
    const cli = run(cann, ours);
    added.push(cli - cpp);
    if (i === 0) print(`${megabytes} MB, first run`, `C++ ${cpp.toFixed(0)} ms, command line ${cli.toFixed(0)} ms`);
  }
  print(
    `  added by the command line`,
    `${median(added).toFixed(0)} ms of ${250 + megabytes} allowed (median of ${runs}; least ${Math.min(...added).toFixed(0)}); fsync alone ${median(disk).toFixed(0)} ms`,
  );
}

/** @returns how long it took, in milliseconds */
function sync(path) {
  const fd = openSync(path, 'r+');
  const start = performance.now();
  fsyncSync(fd);
  const ms = performance.now() - start;
  closeSync(fd);
  return ms;
}

function run(cann, [program, ...args]) {
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd: folder, env: environment(cann), encoding: 'utf8' });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}

/** Sparse: the weights have their size and take no room until they are copied. */
async function large(cann, kind, gigabytes) {
  const count = 12;
  const weightBytes = (gigabytes * 1e9) / count;
  const data = join(folder, 'large.bin');
  const fd = openSync(data, 'w');
  ftruncateSync(fd, count * weightBytes);
  closeSync(fd);
  const graph = join(folder, kind.startsWith('ONNX') ? 'large.onnx' : 'large.json');
  const weights = Array.from({ length: count }, (_, i) => ({ name: `w${i}`, count: weightBytes / 4, offset: i * weightBytes }));
  writeFileSync(graph, kind.startsWith('ONNX') ? onnx(weights) : graphJson(weights, 'large.bin'));
  const start = performance.now();
  const names = weights.map(({ name }) => name).join();
  const args = [BIN, 'build', graph, '--consts', names, '--backend', 'ascend', '-o', join(folder, 'large.om'), '--force', '--json'];
  const peaks = await peaksOf(spawn(process.execPath, args, { cwd: folder, env: environment(cann), stdio: ['ignore', 'pipe', 'inherit'] }));
  print(
    `${gigabytes} GB, ${kind}`,
    `${((performance.now() - start) / 1000).toFixed(1)} s; command line ${peaks.cli} MiB, native process ${peaks.native} MiB (GE's copies included)`,
  );
  print('  bytes in the bundle', String(JSON.parse(peaks.stdout).result?.bundle.bytes ?? peaks.stdout));
  for (const name of readdirSync(folder)) if (name.startsWith('large')) rmSync(join(folder, name));
}

/** Of memory that is a process's own, not of files that it has mapped. */
async function peaksOf(child) {
  const peaks = { cli: 0, native: 0 };
  let stdout = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  const look = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = statusOf(pid);
      const who = Number(pid) === child.pid ? 'cli' : status.parent === child.pid && status.name === 'node' ? 'native' : undefined;
      if (who !== undefined) peaks[who] = Math.max(peaks[who], Math.round(status.anonymousKib / 1024));
    }
  }, 20);
  await new Promise((done) => child.on('exit', done));
  clearInterval(look);
  return { ...peaks, stdout };
}

function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(text)?.[1];
    return { name: field('Name'), parent: Number(field('PPid')), anonymousKib: Number(field('RssAnon') ?? 0) };
  } catch {
    return { name: '', parent: 0, anonymousKib: 0 };
  }
}

function graphJson(weights, file = 'w.bin') {
  return JSON.stringify({
    name: 'bench',
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    consts: weights.map(({ name, count, offset }) => ({ name, dtype: 'float32', shape: [count], data: { file, offset } })),
    nodes: weights.map(({ name }, i) => ({ name: `m${i}`, type: 'Mul', inputs: [i === 0 ? 'x' : `m${i - 1}`, name] })),
    outputs: [`m${weights.length - 1}`],
  });
}

function onnx(weights) {
  const info = (name, dims) =>
    Buffer.concat([
      bytes(1, name),
      bytes(2, bytes(1, Buffer.concat([int(1, 1), bytes(2, Buffer.concat(dims.map((dim) => bytes(1, int(1, dim)))))]))),
    ]);
  const entry = (key, value) => bytes(13, Buffer.concat([bytes(1, key), bytes(2, String(value))]));
  const nodes = weights.map(({ name }, i) =>
    bytes(
      1,
      Buffer.concat([
        bytes(1, i === 0 ? 'x' : `h${i - 1}`),
        bytes(1, name),
        bytes(2, i === weights.length - 1 ? 'y' : `h${i}`),
        bytes(3, `m${i}`),
        bytes(4, 'Mul'),
      ]),
    ),
  );
  const initializers = weights.map(({ name, count, offset }) =>
    bytes(
      5,
      Buffer.concat([
        int(1, count),
        int(2, 1),
        bytes(8, name),
        entry('location', 'large.bin'),
        entry('offset', offset),
        entry('length', count * 4),
        int(14, 1),
      ]),
    ),
  );
  const graph = Buffer.concat([
    ...nodes,
    bytes(2, 'bench'),
    ...initializers,
    bytes(11, info('x', [1])),
    bytes(12, info('y', [weights[0].count])),
  ]);
  return Buffer.concat([int(1, 8), bytes(8, int(2, 17)), tagged(7, graph.length), graph]);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function print(name, value) {
  console.log(`${name.padEnd(28)} ${value}`);
}
