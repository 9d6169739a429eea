// What concerns the process as a whole: signals, pipes that close, disks that are full, several at once, terminals.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BIN, Workplace } from '../support/cli.js';
import { floats, modelBytes, node, value } from '../support/onnx-models.js';

const BUILD = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];
const MiB = 2 ** 20;

/** A line of bash in which `ascend-bundle` is the tool; stdout and stderr as they come. */
function bash(
  place: Workplace,
  line: string,
  env: Readonly<Record<string, string>> = {},
): { status: number | null; stdout: string; stderr: string } {
  const script = `ascend-bundle() { "${process.execPath}" "${BIN}" "$@"; }; ${line}`;
  const options = {
    cwd: place.folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: place.folder, ...env },
  } as const;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], options);
  return { status, stdout, stderr };
}

/** An ONNX model with one weight of this many bytes, all of them holes in a sparse file. */
function largeModel(place: Workplace, bytes: number): void {
  const external = [
    { key: 'location', value: 'w.bin' },
    { key: 'length', value: String(bytes) },
  ];
  const model = modelBytes({
    nodes: [node('Add', 'x w', 'y')],
    initializers: [{ name: 'w', dims: [bytes / 4], dataType: 1, dataLocation: 1, externalData: external }],
    inputs: [value('x', [1])],
    outputs: [value('y', [bytes / 4])],
  });
  writeFileSync(place.path('large.onnx'), model);
  writeFileSync(place.path('w.bin'), '');
  truncateSync(place.path('w.bin'), bytes);
}

const isTemporary = (name: string): boolean => name.startsWith('.ascend-bundle-');

describe('a signal while a bundle is written', () => {
  test.each([
    ['SIGINT', 130, 'INTERRUPTED'],
    ['SIGTERM', 143, 'TERMINATED'],
  ] as const)('%s ends it with %i, and nothing is left', async (signal, exitCode, code) => {
    const place = new Workplace();
    largeModel(place, 2048 * MiB);
    writeFileSync(place.path('large.om'), 'what was there');
    const child = spawn(process.execPath, [BIN, 'build', 'large.onnx', '--consts', 'w', '--force', '--json'], {
      cwd: place.folder,
      env: { PATH: process.env['PATH'], HOME: place.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    child.stdout.on('data', (piece) => {
      stdout += piece;
    });
    const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
    while (!readdirSync(place.folder).some(isTemporary) && child.exitCode === null) await wait(5);
    await wait(50);
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, exitCode, error: { class: 'interrupted', code } });
    expect(place.files()).toEqual(['large.om', 'large.onnx', 'w.bin']);
    expect(readFileSync(place.path('large.om'), 'utf8')).toBe('what was there');
  });
});

test('a signal before anything is written ends it in the middle of what it does', async () => {
  const place = new Workplace();
  place.run(BUILD);
  // Runs that would take hours: it has not come to their end when it ends.
  const child = spawn(process.execPath, [BIN, 'run', 'linear.om', '--input', 'x=splat:1', '--loop', '999999999'], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], HOME: place.folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => void child.on('close', (_, signal) => resolve(signal)));
  // It says which backend it has chosen, and goes on to run.
  await new Promise((resolve) => child.stderr.once('data', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  expect(place.files()).toEqual(['linear.om']);
});

test('of two builds to one output at once, one makes it and the other says that it exists', async () => {
  const place = new Workplace();
  largeModel(place, 64 * MiB);
  const build = (): Promise<{ status: number | null; stdout: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [BIN, 'build', 'large.onnx', '--consts', 'w', '--json'], {
        cwd: place.folder,
        env: { PATH: process.env['PATH'], HOME: place.folder },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let stdout = '';
      child.stdout.on('data', (piece) => {
        stdout += piece;
      });
      child.on('close', (status) => resolve({ status, stdout }));
    });
  const results = await Promise.all([build(), build(), build()]);
  expect(results.map(({ status }) => status).sort()).toEqual([0, 7, 7]);
  for (const { status, stdout } of results) if (status === 7) expect(JSON.parse(stdout).error.code).toBe('FILE_EXISTS');
  expect(place.files()).toEqual(['large.om', 'large.onnx', 'w.bin']);
  expect(place.json<{ weights: unknown[] }>(['inspect', 'large.om']).result.weights).toHaveLength(1);
});

describe('a reader that goes', () => {
  test('is no failure, and leaves no stack', () => {
    const place = new Workplace();
    const head = bash(place, 'set -o pipefail; ascend-bundle schema result | head -c 1');
    expect(head).toEqual({ status: 0, stdout: '{', stderr: '' });
    expect(bash(place, 'ascend-bundle inspect missing.om --json | true').stderr).toBe('');
  });

  test('does not hide that the answer is no', () => {
    const place = new Workplace();
    expect(bash(place, 'set -o pipefail; ascend-bundle inspect missing.om --json | true').status).toBe(7);
    place.run(BUILD);
    const line = 'ascend-bundle diff linear.om examples/linear/new.safetensors 2>&- | true';
    expect(bash(place, `set -o pipefail; ${line}`).status).toBe(3);
  });

  test('of stderr does not change the result', () => {
    const place = new Workplace();
    expect(bash(place, `ascend-bundle ${BUILD.join(' ')} 2> >(exec true); echo $?`).stdout).toMatch(/wrote linear\.om[\s\S]*\n0\n$/);
    expect(bash(place, 'ascend-bundle run linear.om --input x=splat:1 2>&-; echo $?').stdout).toMatch(/float32[\s\S]*\n0\n$/);
    expect(bash(place, 'ascend-bundle run linear.om 2>&-; echo $?').stdout).toBe('4\n');
  });

  test('of stdout because the disk is full is a failure', () => {
    const place = new Workplace();
    for (const line of ['ascend-bundle schema', 'ascend-bundle --version', 'ascend-bundle -V']) {
      const { status, stderr } = bash(place, `${line} > /dev/full`);
      expect([line, status]).toEqual([line, 7]);
      expect(stderr).toMatch(/^error FILE_IO: stdout .*disk is full/);
    }
    expect(bash(place, 'set -o pipefail; ascend-bundle --version | true').status).toBe(0);
  });
});

describe('a place that takes no file', () => {
  test('a limit on the size of files: nothing is left, and the file that was there stays', () => {
    const place = new Workplace();
    writeFileSync(place.path('linear.om'), 'mine');
    const { status, stderr } = bash(place, `ulimit -f 4; ascend-bundle ${BUILD.join(' ')} --force`);
    expect([status, stderr]).toEqual([7, expect.stringMatching(/error FILE_IO: linear\.om is larger than files may be here/)]);
    expect(place.files()).toEqual(['linear.om']);
    expect(readFileSync(place.path('linear.om'), 'utf8')).toBe('mine');
  });

  /** A small file system of its own, where the system lets us make one. */
  const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=4k tmpfs /tmp']).status === 0;
  if (!canMount) console.warn('No file system can be mounted here (unshare -rm): the test of a full disk is skipped.');

  test.skipIf(!canMount)('a full disk, under build and under run', () => {
    const place = new Workplace();
    mkdirSync(place.path('small'));
    place.run([...BUILD.slice(0, -1), 'linear.om']);
    const lines = [
      `ascend-bundle ${BUILD.slice(0, -1).join(' ')} small/a.om; echo "$?"`,
      'ascend-bundle run linear.om --input x=splat:1 -o small/out; echo "$?"',
      'ascend-bundle run linear.om --input x=splat:1 -o small/new/deep; echo "$?"',
      'find small -mindepth 1 | sort',
    ];
    const script = `mount -t tmpfs -o size=8k tmpfs small; dd if=/dev/zero of=small/fill bs=8k count=1 2>&-; ${lines.join('; ')}`;
    const tool = `ascend-bundle() { "${process.execPath}" "${BIN}" "$@"; }; ${script}`;
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'bash', '-c', tool], {
      cwd: place.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: place.folder },
    });
    expect(stdout).toBe('7\n7\n7\nsmall/fill\n');
    expect(stderr.match(/error FILE_IO: .*disk is full/g)).toHaveLength(3);
  });

  test('a folder that may not be written, as a user who may not', () => {
    const place = new Workplace();
    place.run(BUILD);
    mkdirSync(place.path('closed'));
    mkdirSync(place.path('closed/out'));
    for (const path of ['closed/out', 'closed']) chmodSync(place.path(path), 0o555);
    chmodSync(place.folder, 0o755);
    // root may write everywhere: it becomes nobody for this.
    const isRoot = process.getuid?.() === 0;
    const run = (args: readonly string[]) =>
      spawnSync(process.execPath, [BIN, ...args], {
        cwd: place.folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
        ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
      });
    for (const args of [
      [...BUILD.slice(0, -1), 'closed/a.om'],
      [...BUILD.slice(0, -1), 'closed/a.om', '--dry-run'],
      ['run', 'linear.om', '--input', 'x=splat:1', '-o', 'closed/new'],
      ['run', 'linear.om', '--input', 'x=splat:1', '-o', 'closed/out'],
    ]) {
      const { status, stderr } = run(args);
      expect([args.at(-1), status, stderr]).toEqual([args.at(-1), 7, expect.stringMatching(/error FILE_IO: .* may not be written/)]);
    }
    expect(place.files()).toEqual(['closed', 'closed/out', 'linear.om']);
    chmodSync(place.path('linear.om'), 0);
    const unreadable = run(['inspect', 'linear.om']);
    expect([unreadable.status, unreadable.stderr]).toEqual([7, expect.stringMatching(/error FILE_IO: linear\.om may not be read/)]);
    chmodSync(place.path('linear.om'), 0o444);
    // Running needs no writable place at all.
    expect(run(['run', 'linear.om', '--input', 'x=splat:1']).status).toBe(0);
  });
});

test('a limit on open files that leaves none for the watch of a crash is no failure of ours', () => {
  const place = new Workplace();
  place.run(BUILD);
  // How many Node itself wants differs by version: from too few for it to plenty for all.
  const line = 'for n in 20 21 22 23 24 26 28 40; do (ulimit -n $n; ascend-bundle run linear.om --input x=splat:1; true); done';
  expect(bash(place, line).stderr).not.toContain('TypeError');
});

describe('names of constants through a pipe that is no stdin', () => {
  test('process substitution', () => {
    const place = new Workplace();
    const graph = 'examples/linear/graph.json';
    const line = `ascend-bundle build ${graph} --consts @<(ascend-bundle consts ${graph} --names-only | grep _2) -o a.om --json`;
    expect(JSON.parse(bash(place, line).stdout).result.weights).toMatchObject([{ name: 'const_2' }]);
  });
});

const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
if (!hasScript) console.warn('script (util-linux) is not here: the tests of a terminal are skipped.');

describe.skipIf(!hasScript)('on a terminal', () => {
  const terminal = (place: Workplace, line: string, env: Readonly<Record<string, string>> = {}): string =>
    execFileSync('script', ['-qec', line.replaceAll('ascend-bundle', `"${process.execPath}" "${BIN}"`), '/dev/null'], {
      cwd: place.folder,
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'] ?? '', HOME: place.folder, TERM: 'xterm', ...env },
    });
  const ESCAPE = '\u001b';

  test('there is a spinner and colour', () => {
    const place = new Workplace();
    const text = terminal(place, `stty cols 80; ascend-bundle ${BUILD.join(' ')}`);
    expect(text).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏].*read graph/);
    expect(text).toContain(`wrote ${ESCAPE}[1mlinear.om${ESCAPE}[22m`);
  });

  test.each<[string, string, Record<string, string>]>([
    ['NO_COLOR', '', { NO_COLOR: '1' }],
    ['--color never', '--color never', {}],
    ['TERM=dumb', '', { TERM: 'dumb' }],
  ])('%s: no colour, in results and in errors', (_, option, env) => {
    const place = new Workplace();
    for (const line of [`ascend-bundle ${BUILD.join(' ')} ${option}`, `ascend-bundle inspect missing.om ${option}; true`]) {
      expect(terminal(place, `stty cols 80; ${line}`, env)).not.toContain(`${ESCAPE}[3`);
    }
  });

  test('without a size: lines instead of a spinner, and it ends', () => {
    const place = new Workplace();
    expect(terminal(place, `stty cols 0; ascend-bundle ${BUILD.join(' ')}`)).not.toMatch(/[⠋⠙⠹]/);
  });

  test('--color always holds off a terminal', () => {
    const place = new Workplace();
    expect(place.run([...BUILD, '--color', 'always']).stdout).toContain(`${ESCAPE}[1m`);
    expect(place.run(['inspect', 'missing.om', '--color', 'always']).stderr).toContain(`${ESCAPE}[31merror`);
    expect(place.run(['inspect', 'linear.om']).stdout).not.toContain(ESCAPE);
  });
});

describe('a crash of ONNX Runtime', () => {
  /** InstanceNormalization over an empty plane reads where nothing is, in onnxruntime-node 1.30. */
  function crashingBundle(): Workplace {
    const place = new Workplace();
    const model = modelBytes({
      nodes: [node('InstanceNormalization', 'x scale b', 'y')],
      initializers: [floats('scale', [2], [1, 1]), floats('b', [2], [0, 0])],
      inputs: [value('x', [1, 2, 'H', 'W'])],
      outputs: [value('y', [1, 2, 'H', 'W'])],
    });
    writeFileSync(place.path('m.onnx'), model);
    expect(place.run(['build', 'm.onnx', '--consts', 'scale', '-q'])).toMatchObject({ status: 0, stderr: '' });
    return place;
  }

  test('a crash of the runtime is told on stderr', () => {
    const { status, stdout, stderr } = bash(crashingBundle(), "ascend-bundle run m.om --input 'x=1x2x0x4xf32=splat:0'");
    expect(status).toBe(139);
    expect(stdout).toBe('');
    expect(stderr).toContain('error NATIVE_CRASH: ascend-bundle run was ended by a signal during the step "infer"');
  });

  test('with --json it is the document', () => {
    const { stdout } = bash(crashingBundle(), "ascend-bundle run m.om --input 'x=1x2x0x4xf32=splat:0' --json");
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'run',
      ok: false,
      exitCode: 10,
      backend: { kind: 'host' },
      result: null,
      error: { code: 'NATIVE_CRASH', class: 'crash' },
    });
  });

  test('a session says it too', () => {
    const { stdout, stderr } = bash(
      crashingBundle(),
      `echo '{"op": "infer", "inputs": {"x": "1x2x0x4xf32=splat:0"}}' | ascend-bundle session m.om`,
    );
    expect(stdout).toBe('');
    expect(stderr).toContain('error NATIVE_CRASH: ascend-bundle session was ended by a signal');
  });
});
