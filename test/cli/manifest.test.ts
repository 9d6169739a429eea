// build --manifest: what is written, when, and that nothing of the build's place or time is in it.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Manifest, manifestSchema } from '../../src/commands/shared/manifest-schema.js';
import { Workplace } from '../support/cli.js';

const LINEAR = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2'];
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function manifestAt(path: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

test('build --manifest writes names, dtypes, shapes, order and digests', async () => {
  const place = new Workplace();
  const { status, stdout } = await place.call([...LINEAR, '--select', 'rank=1', '-o', 'linear.om', '--manifest']);
  expect(status).toBe(0);
  expect(stdout).toContain('manifest: linear.om.manifest.json');
  const { consts } = JSON.parse(readFileSync(place.path('examples/linear/graph.json'), 'utf8'));
  const digest = (data: number[][] | number[]): string => sha256(new Uint8Array(Float32Array.from(data.flat()).buffer));
  expect(manifestAt(place.path('linear.om.manifest.json'))).toMatchObject({
    tool: { name: 'ascend-bundle' },
    bundle: { sha256: sha256(readFileSync(place.path('linear.om'))), layout: 'v2', backend: 'host', updateGraph: 'ge' },
    graph: { kind: 'graph-json', nodes: 5, sha256: sha256(readFileSync(place.path('examples/linear/graph.json'))) },
    options: { init: true, updateGraph: 'ge', backend: 'auto', select: ['rank=1'] },
    inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [2, 4] }],
    weights: [
      { name: 'const_1', updateIndex: 0, dtype: 'float32', shape: [3, 4], bytes: 48, sha256: digest(consts[0].data) },
      { name: 'const_2', updateIndex: 1, dtype: 'float32', shape: [4], bytes: 16, sha256: digest(consts[1].data) },
    ],
  });
});

test('two builds give the same manifest, whatever the files are called', async () => {
  const place = new Workplace();
  writeFileSync(place.path('names.txt'), 'const_1\nconst_2\n');
  expect((await place.call([...LINEAR, '-o', 'a.om', '--manifest', 'a.json'])).status).toBe(0);
  expect((await place.call([...LINEAR.slice(0, 2), '--consts', '@names.txt', '-o', 'b.om', '--manifest', 'b.json'])).status).toBe(0);
  expect(readFileSync(place.path('b.json'), 'utf8')).toBe(readFileSync(place.path('a.json'), 'utf8'));
});

test('weights without an initial value have no digest', async () => {
  const place = new Workplace();
  await place.call([...LINEAR, '--no-init', '-o', 'a.om', '--manifest']);
  const { options, weights } = manifestAt(place.path('a.om.manifest.json'));
  expect(options).not.toHaveProperty('init');
  expect(weights.map(({ name, sha256: digest }) => [name, digest])).toEqual([
    ['const_1', null],
    ['const_2', null],
  ]);
});

test('bundle and manifest appear together or not at all', async () => {
  const place = new Workplace();
  writeFileSync(place.path('a.om.manifest.json'), 'mine');
  const refused = await place.call([...LINEAR, '-o', 'a.om', '--manifest']);
  expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining('a.om.manifest.json exists already')]);
  for (const taken of ['a.om', './a.om', 'examples/linear/graph.json', 'missing/a.json']) {
    const { status } = await place.call([...LINEAR, '-o', 'a.om', '--manifest', taken, '--force']);
    expect([taken, status]).toEqual([taken, taken.startsWith('missing') ? 7 : 2]);
  }
  await place.call([...LINEAR, '-o', 'a.om', '--manifest', '--dry-run', '--force']);
  expect(place.files()).toEqual(['a.om.manifest.json']);
  expect(readFileSync(place.path('a.om.manifest.json'), 'utf8')).toBe('mine');
  expect((await place.call([...LINEAR, '-o', 'a.om', '--manifest', '--force', '--json'])).stdout).toContain('"path": "a.om.manifest.json"');
  expect(manifestAt(place.path('a.om.manifest.json')).bundle.sha256).toBe(sha256(readFileSync(place.path('a.om'))));
});

test('inspect --digest gives the digests of the manifest', async () => {
  const place = new Workplace();
  await place.call([...LINEAR, '-o', 'a.om', '--manifest']);
  const { bundle, weights } = manifestAt(place.path('a.om.manifest.json'));
  const { result } = JSON.parse((await place.call(['inspect', 'a.om', '--digest', '--json'])).stdout);
  expect(result.digest).toEqual({ sha256: bundle.sha256, weights: weights.map(({ name, sha256: digest }) => ({ name, sha256: digest })) });
  expect((await place.call(['inspect', 'a.om', '--digest'])).stdout).toContain(`the file  ${bundle.sha256}`);
  const graph = JSON.parse((await place.call(['inspect', 'examples/linear/graph.json', '--digest', '--json'])).stdout).result;
  expect(graph.digest).toEqual({ sha256: sha256(readFileSync(place.path('examples/linear/graph.json'))), weights: [] });
  expect(JSON.parse((await place.call(['inspect', 'a.om', '--json'])).stdout).result.digest).toBeNull();
});
