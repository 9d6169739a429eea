// The requests of a session: what each answers, and that a failure is a reply which leaves the weights as they were.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Session } from '../../src/backends/backend.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { openFile } from '../../src/base/open-file.js';
import { type Reply, replySchema, requestSchema } from '../../src/commands/session/requests.js';
import { serve } from '../../src/commands/session/serve.js';
import { ServedSession } from '../../src/commands/session/served-session.js';
import type { Opened } from '../../src/commands/shared/open-session.js';
import { writeSafetensors } from '../../src/formats/encodings/safetensors-file.js';
import { readNpy, writeNpy } from '../../src/formats/npy.js';
import { EXAMPLES } from '../support/cli.js';
import { folderForTest, openedBundle } from '../support/opened.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const LINEAR = `${EXAMPLES}/linear/graph.json`;
const CONSTS = { consts: ['const_1', 'const_2'] };
const X = {
  x: [
    [1, 2, 3],
    [4, 5, 6],
  ],
};
/** x · const_1 + const_2 of examples/linear, by hand. */
const Y = [
  [1.5, 1.5, 3.25, 6],
  [4.5, 4.5, 6.25, 15],
];

interface TestReply extends Reply {
  readonly result: { readonly outputs: readonly { readonly data: unknown; readonly path: string | null }[] } & Readonly<
    Record<string, unknown>
  >;
}

/** Sends the lines, each reply held to the schema; objects are written as JSON. */
async function talk(opened: Opened, lines: readonly (string | object)[]): Promise<TestReply[]> {
  const replies: TestReply[] = [];
  async function* input(): AsyncGenerator<Uint8Array> {
    for (const line of lines) yield Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  }
  const write = async (line: string): Promise<void> => {
    expect(line).toMatch(/^[^\n]+\n$/);
    const reply = JSON.parse(line);
    expect(replySchema.safeParse(reply).error?.issues ?? []).toEqual([]);
    replies.push(reply);
  };
  expect(await serve(new ServedSession(opened), { lines: input(), write })).toBeUndefined();
  return replies;
}

const infer = { op: 'infer', inputs: X };
const dataOf = (reply: TestReply | undefined): unknown => reply?.result.outputs[0]?.data;

test('infer, update, reset, snapshot, restore: the outputs follow the weights', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const shifted = Y.map((row) => row.map((value, i) => value - ([0.5, -0.5, 0.25, 0][i] as number) + 10));
  const replies = await talk(opened, [
    { id: 1, ...infer },
    { id: 2, op: 'update', weights: { const_2: 'splat:10' } },
    { id: 3, ...infer },
    { id: 4, op: 'snapshot', name: 'ten' },
    { id: 5, op: 'reset' },
    { id: 6, ...infer },
    { id: 7, op: 'restore', name: 'ten' },
    { id: 8, ...infer },
    { id: 9, op: 'quit' },
    { id: 10, ...infer },
  ]);
  expect(replies.map(({ id, ok }) => [id, ok])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => [id, true]));
  expect([0, 2, 5, 7].map((i) => dataOf(replies[i]))).toEqual([Y, shifted, Y, shifted]);
  expect(replies[1]?.result).toEqual({ updated: ['const_2'], kept: ['const_1'], ignored: [], casts: [], lora: [] });
  expect(replies[3]?.result).toEqual({ name: 'ten', weights: ['const_1', 'const_2'], bytes: 64 });
});

test('an empty list keeps a weight', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const [updated, after] = await talk(opened, [{ op: 'update', weights: { const_1: [], const_2: 'splat:0' } }, infer]);
  expect(updated?.result).toEqual({ updated: ['const_2'], kept: ['const_1'], ignored: [], casts: [], lora: [] });
  expect(dataOf(after)).toEqual(Y.map((row) => row.map((value, i) => value - ([0.5, -0.5, 0.25, 0][i] as number))));
});

test('an update takes the sources, the cast and the map of run', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const checkpoint = join(folderForTest(), 'c.safetensors');
  writeFileSync(checkpoint, writeSafetensors([named('bias', tensorOf('float64', [4], [1, 0.1, 1e-60, 2]))]).read());
  const map = join(folderForTest(), 'map.json');
  writeFileSync(map, JSON.stringify({ schema: 'ascend-bundle/map@1', entries: [{ from: 'bias', to: 'const_2' }] }));
  const update = { op: 'update', weights: [checkpoint] };
  const [renamed, refused, cast, after, graph, again, bundle] = await talk(opened, [
    update,
    { ...update, map },
    { ...update, map, cast: true },
    infer,
    { op: 'update', weights: [LINEAR] },
    infer,
    { op: 'update', weights: { const_2: `@${opened.path}` } },
  ]);
  expect(renamed?.error).toMatchObject({ code: 'WEIGHT_UNKNOWN', fix: expect.stringContaining('"ignoreExtra": true') });
  expect(refused?.error).toMatchObject({ code: 'TENSOR_MISMATCH', fix: expect.stringContaining('or give "cast": true') });
  const losses = { elements: 4, overflowed: 0, underflowed: 1, rounded: 1 };
  expect(cast?.result).toMatchObject({ updated: ['const_2'], casts: [{ name: 'const_2', from: 'float64', to: 'float32', ...losses }] });
  expect(cast?.warnings).toMatchObject([{ code: 'CAST_UNDERFLOW' }]);
  expect((dataOf(after) as number[][])[0]).toEqual([2, 2.1, 3, 8]);
  expect(graph?.result).toMatchObject({ updated: ['const_1', 'const_2'] });
  expect(dataOf(again)).toEqual(Y);
  expect(bundle?.result).toMatchObject({ updated: ['const_2'] });
});

test('a weight may have a name that JavaScript has other uses for', async () => {
  const consts = ['__proto__', 'constructor'];
  const path = join(folderForTest(), 'graph.json');
  const constant = (name: string) => ({ name, dtype: 'float32', shape: [2], data: [0, 0] });
  const graph = {
    ...{ name: 'g', inputs: [{ name: 'x', dtype: 'float32', shape: [2] }], consts: consts.map(constant) },
    nodes: consts.map((name, i) => ({ name: `add${i}`, type: 'Add', inputs: [i === 0 ? 'x' : 'add0', name] })),
    outputs: [{ name: 'y', value: 'add1' }],
  };
  writeFileSync(path, JSON.stringify(graph));
  const opened = await openedBundle(path, { consts });
  const line = '{"op": "update", "weights": {"__proto__": [1, 2], "constructor": "splat:10"}}';
  const [updated, after, unknown] = await talk(opened, [
    line,
    { op: 'infer', inputs: { x: [0, 0] } },
    '{"op": "infer", "inputs": {"x": [0, 0], "__proto__": [1, 2]}}',
  ]);
  expect(updated?.result).toMatchObject({ updated: consts, kept: [] });
  expect(dataOf(after)).toEqual([11, 12]);
  expect(unknown?.error).toMatchObject({ code: 'INPUT_UNKNOWN', message: expect.stringContaining('"__proto__"') });
});

test('an id of any form comes back, in replies to bad requests too', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const ids = [0, 'a', null, false, [1, { b: 2 }], { c: 'd' }];
  const replies = await talk(opened, [
    ...ids.map((id) => ({ id, op: 'stats' })),
    ...ids.map((id) => ({ id, op: 'nothing' })),
    ...ids.map((id) => ({ id, op: 'reset', more: 1 })),
    { op: 'stats' },
  ]);
  expect(replies.map(({ id }) => id)).toEqual([...ids, ...ids, ...ids, null]);
});

test.each([
  ['{"op": "infer"', 'FILE_MALFORMED', /^Line 1 is not valid JSON: it ends too early/],
  ['[1]', 'USAGE', /is not a JSON object/],
  ['{"id": 1}', 'USAGE', /has no "op"/],
  [{ op: 'updat', weights: [] }, 'USAGE', /"updat" is not an op/],
  [{ op: 'update' }, 'USAGE', /"weights"/],
  [{ op: 'infer', inputs: X, outputs: 'out' }, 'USAGE', /outputs/],
  [infer.inputs, 'USAGE', /has no "op"/],
  [{ op: 'infer' }, 'INPUT_MISSING', /Input "x"/],
  [{ op: 'infer', inputs: { y: 1 } }, 'INPUT_UNKNOWN', /"y"/],
  [{ op: 'infer', inputs: ['x=@-'] }, 'VALUE_SYNTAX', /stdin, which carries the requests/],
  [{ op: 'infer', inputs: { x: '@-' } }, 'VALUE_SYNTAX', /stdin/],
  [{ op: 'infer', inputs: ['@-'] }, 'VALUE_SYNTAX', /stdin/],
  [{ op: 'update', lora: ['-:0.5'] }, 'VALUE_SYNTAX', /^"-:0.5" names stdin, which carries the requests/],
  [{ op: 'update', lora: ['a.safetensors:0.5, -'] }, 'VALUE_SYNTAX', /^"a.safetensors:0.5, -" names stdin/],
  [{ op: 'infer', inputs: { x: '@nowhere.npy' } }, 'FILE_NOT_FOUND', /nowhere/],
  [{ op: 'update', weights: { const_3: 1 } }, 'WEIGHT_UNKNOWN', /const_3/],
  [{ op: 'update', weights: { const_2: [1] } }, 'TENSOR_MISMATCH', /const_2/],
  [{ op: 'update', weights: { const_2: [1, 2, 3, 4] }, strict: true }, 'WEIGHTS_MISSING', /const_1/],
  [{ op: 'restore', name: 'x' }, 'USAGE', /no snapshot "x"/],
])('%j is a reply with %s, and the session goes on with its weights', async (line, code, message) => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const [bad, good] = await talk(opened, [line, infer]);
  expect(bad).toMatchObject({ ok: false, result: null, error: { code, message: expect.stringMatching(message) } });
  const isChange = ['update', 'restore'].includes((line as { op?: string }).op ?? '');
  expect(bad?.weights).toBe(isChange ? 'unchanged' : null);
  expect(dataOf(good)).toEqual(Y);
});

test('advice is in fields of a request, not in options of the command line', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const [output, file] = [join(folderForTest(), 'out'), join(folderForTest(), 'b.npy')];
  writeFileSync(file, writeNpy(tensorOf('float32', [4], [1, 2, 3, 4])).read());
  const fixes: readonly (readonly [request: object, fix: string])[] = [
    [{ op: 'infer' }, 'Add "x": "@file.npy" to "inputs".'],
    [{ ...infer, output }, 'Give another name with "output", or "force": true to replace it.'],
    [{ ...infer, output: file }, 'Give another name with "output".'],
    [{ op: 'update', weights: [file] }, `Write "weights": ["const_1=@${file}"]`],
  ];
  const replies = await talk(opened, [{ ...infer, output }, ...fixes.map(([request]) => request)]);
  expect(replies.slice(1).map(({ error }) => error?.fix)).toEqual(fixes.map(([, fix]) => fix));
  const two = await openedBundle(twoInputs(), { consts: ['w'] });
  const [asked, several] = await talk(two, [
    { op: 'infer', inputs: [file] },
    { op: 'infer', inputs: {} },
  ]);
  expect(asked?.error?.fix).toBe(`Write "inputs": ["a=@${file}"]`);
  expect(several?.error?.message).toMatch(/^The request has 2 problems/);
});

test.each(['', '-'])('an "output" of %j is refused as on the command line, and nothing is written', async (output) => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const [reply] = await talk(opened, [{ ...infer, output }]);
  expect(reply?.error).toMatchObject({ code: 'USAGE' });
  expect(reply?.error?.message).toBe(
    'Line 1: "output": must be a path that is not empty, nor "-" (stdout has the replies; "./-" is a folder).',
  );
});

function twoInputs(): string {
  const path = join(folderForTest(), 'two.json');
  const graph = {
    ...{ name: 'g', inputs: ['a', 'b'].map((name) => ({ name, dtype: 'float32', shape: [2] })) },
    consts: [{ name: 'w', dtype: 'float32', shape: [2], data: [0, 0] }],
    nodes: [
      { name: 'ab', type: 'Add', inputs: ['a', 'b'] },
      { name: 'abw', type: 'Add', inputs: ['ab', 'w'] },
    ],
    outputs: [{ name: 'y', value: 'abw' }],
  };
  writeFileSync(path, JSON.stringify(graph));
  return path;
}

test('a line of nothing is no request, and the last line needs no end', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const replies = await talk(opened, ['', '   ', infer]);
  expect(replies).toHaveLength(1);
});

test('outputs go to a folder, and existing files stay', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const output = join(folderForTest(), 'out');
  const [first, second, third] = await talk(opened, [
    { ...infer, output },
    { ...infer, output, inputs: { x: 'splat:0' } },
    { ...infer, output, force: true, inputs: { x: 'splat:0' } },
  ]);
  expect(first?.result.outputs).toEqual([
    { name: 'y', dtype: 'float32', shape: [2, 4], bytes: 32, path: join(output, 'y.npy'), writtenDtype: null, data: null },
  ]);
  expect(second?.error).toMatchObject({ code: 'FILE_EXISTS' });
  expect(third?.ok).toBe(true);
  const bias = [0.5, -0.5, 0.25, 0];
  expect(plain(readNpy(openFile(join(output, 'y.npy')), 'y'))).toMatchObject({ values: [...bias, ...bias] });
});

test('an update whose file breaks off while it is read leaves the weights as they were, and says so', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const path = join(folderForTest(), 'new.safetensors');
  writeFileSync(path, readFileSync(`${EXAMPLES}/linear/new.safetensors`));
  // The file shrinks between the check of its header and the reading of its data.
  const original = opened.session.update.bind(opened.session);
  opened.session.update = async (weights) => {
    writeFileSync(path, readFileSync(path).subarray(0, -20));
    return original(weights);
  };
  const [failed, after] = await talk(opened, [{ op: 'update', weights: [path] }, infer]);
  expect(failed).toMatchObject({ ok: false, error: { code: 'FILE_TRUNCATED' }, weights: 'restored' });
  expect(dataOf(after)).toEqual(Y);
});

/** A device that fails in the middle of an update: one weight has its new value, and the other the old one. */
function failingHalfway(opened: Opened, { restores }: { restores: boolean }): Opened {
  const { session } = opened;
  let failures = 0;
  const device: Session = {
    ...{ inputs: session.inputs, outputs: session.outputs },
    initialize: () => session.initialize(),
    snapshot: () => session.snapshot(),
    run: (inputs) => session.run(inputs),
    restore: async (snapshot) => {
      if (!restores && failures === 1) throw new AscendBundleError('HOST_EXECUTION', { message: 'the device is gone' });
      return session.restore(snapshot);
    },
    update: async (weights) => {
      if (failures > 0) return session.update(weights);
      failures++;
      await session.update(new Map([...weights].slice(0, 1)));
      throw new AscendBundleError('HOST_EXECUTION', { message: 'the device failed' });
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
  return { ...opened, session: device };
}

const whole = { op: 'update', weights: { const_1: 'splat:1', const_2: 'splat:2' } };

test('an update that fails halfway on a device is undone: the last good set is put back and said', async () => {
  const opened = failingHalfway(await openedBundle(LINEAR, CONSTS), { restores: true });
  const [failed, after] = await talk(opened, [whole, infer]);
  expect(failed).toMatchObject({ ok: false, error: { code: 'HOST_EXECUTION', message: 'the device failed' }, weights: 'restored' });
  expect(dataOf(after)).toEqual(Y);
});

test.each([
  ['reset', { op: 'reset' }, Y],
  [
    'a whole update',
    whole,
    [
      [8, 8, 8, 8],
      [17, 17, 17, 17],
    ],
  ],
])('where it cannot be undone, no inference runs on a mix; %s ends that', async (_, cure, expected) => {
  const opened = failingHalfway(await openedBundle(LINEAR, CONSTS), { restores: false });
  const partial = { op: 'update', weights: { const_2: 'splat:3' } };
  const replies = await talk(opened, [whole, infer, { op: 'snapshot' }, partial, infer, cure, infer]);
  expect(replies[0]).toMatchObject({ ok: false, weights: 'unknown' });
  expect(replies.map(({ ok }) => ok)).toEqual([false, false, false, true, false, true, true]);
  expect([1, 2, 4].map((i) => replies[i]?.error?.code)).toEqual(Array(3).fill('WEIGHTS_NOT_INITIALIZED'));
  expect(dataOf(replies[6])).toEqual(expected);
});

test('a bundle without init needs a whole update first, and has nothing to reset to', async () => {
  const opened = await openedBundle(LINEAR, { ...CONSTS, init: false });
  const replies = await talk(opened, [infer, { op: 'reset' }, { op: 'update', weights: { const_1: 'splat:1' } }, infer, whole, infer]);
  expect(replies.map(({ ok, error }) => [ok, error?.code ?? null])).toEqual([
    [false, 'WEIGHTS_NOT_INITIALIZED'],
    [false, 'WEIGHTS_NOT_INITIALIZED'],
    [true, null],
    [false, 'WEIGHTS_NOT_INITIALIZED'],
    [true, null],
    [true, null],
  ]);
  expect(dataOf(replies[5])).toEqual([
    [8, 8, 8, 8],
    [17, 17, 17, 17],
  ]);
});

test('a bug of ours is a reply of the class internal, and the session goes on', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const run = opened.session.run.bind(opened.session);
  opened.session.run = async () => {
    opened.session.run = run;
    throw new TypeError('oops');
  };
  const [bug, after] = await talk(opened, [infer, infer]);
  expect(bug).toMatchObject({ ok: false, error: { class: 'internal', code: 'INTERNAL', message: 'oops' } });
  expect(dataOf(after)).toEqual(Y);
});

test('stats counts what was done and describes the bundle', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const replies = await talk(opened, [
    infer,
    'bad',
    { op: 'update', weights: { const_2: 'splat:0' } },
    { op: 'snapshot' },
    { op: 'stats' },
  ]);
  expect(replies.at(-1)?.result).toMatchObject({
    bundle: { backend: 'host' },
    requests: { infer: 1, update: 1, snapshot: 1, stats: 1 },
    failed: 1,
    inference: { count: 1 },
    weightsAre: 'updated',
    snapshots: ['default'],
    inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3] }],
    weights: [{ name: 'const_1' }, { name: 'const_2' }],
  });
});

test('a very long line is a reply, not an end', async () => {
  const opened = await openedBundle(LINEAR, CONSTS);
  const replies = await talk(opened, [' '.repeat((64 << 20) + 1), infer]);
  expect(replies[0]?.error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('67108865 bytes') });
  expect(dataOf(replies[1])).toEqual(Y);
});

test('the schema of requests takes what the tests send', () => {
  for (const request of [infer, whole, { op: 'reset', id: 1 }]) expect(requestSchema.safeParse(request).success).toBe(true);
});
