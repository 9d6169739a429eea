// Imports go down, never up, never sideways. This test reads them and holds the table.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');
const LAYERS = ['base', 'graph', 'formats', 'backends', 'weights', 'commands', 'cli'];
/** Packages that only one place may know. */
const OWNERS: Record<string, RegExp> = {
  commander: /^cli\//,
  ora: /^cli\//,
  'ffi-rs': /^backends\/ascend\//,
  'onnxruntime-node': /^backends\/host\//,
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8').replace(/^\s*\/\/.*$/gm, '');
  const found = text.matchAll(/(?:^|\n)\s*(import|export)(\s+type)?[^'"();]*?\bfrom\s+'([^']+)'|\bimport\('([^']+)'\)/g);
  return [...found].map((match) => ({ from: file, to: match[3] ?? (match[4] as string), isTypeOnly: match[2] !== undefined }));
}

function target({ from, to }: Import): string {
  return to.startsWith('.') ? relative(SRC, resolve(SRC, dirname(from), to)) : to;
}

function layerOf(path: string): number {
  return LAYERS.indexOf(path.split('/')[0] as string);
}

/** The unit that may not import its siblings: a verb, a backend, a file format. */
function unitOf(path: string): string {
  const [layer, name = '', inner = ''] = path.split('/');
  if (layer === 'commands' && name !== 'shared' && name !== 'verb.js' && name !== 'verb.ts') return `verb ${name.replace(/\.[jt]s$/, '')}`;
  if (layer === 'backends' && inner !== '') return `backend ${name}`;
  // kind.ts tells the formats apart, so it knows all of them.
  if (layer === 'formats' && name !== 'encodings' && !name.startsWith('kind.')) return `format ${name.replace(/\.[jt]s$/, '')}`;
  return '';
}

const imports = sourceFiles().flatMap(importsOf);
const local = imports.filter(({ to }) => to.startsWith('.'));

test('the table reads real imports', () => {
  expect(local.length).toBeGreaterThan(50);
});

test('imports go down through the layers', () => {
  const upward = local.filter(({ from }) => from.includes('/')).filter((one) => layerOf(target(one)) > layerOf(one.from));
  expect(upward.map((one) => `${one.from} imports ${target(one)}`)).toEqual([]);
});

test('a verb, a backend and a file format never import a sibling', () => {
  const sideways = local.filter((one) => {
    const [from, to] = [unitOf(one.from.replace(/\.ts$/, '.js')), unitOf(target(one))];
    return from !== '' && to !== '' && from !== to && layerOf(one.from) === layerOf(target(one));
  });
  expect(sideways.map((one) => `${one.from} imports ${target(one)}`)).toEqual([]);
});

test('packages of one layer stay in it', () => {
  const misplaced = imports.filter(({ from, to }) => OWNERS[to] !== undefined && !OWNERS[to]?.test(from));
  expect(misplaced.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('onnxruntime-node and ffi-rs are never loaded at start', () => {
  const eager = imports.filter(
    ({ to, isTypeOnly, from }) => ['onnxruntime-node', 'ffi-rs'].includes(to) && !isTypeOnly && isStatic(from, to),
  );
  expect(eager.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('zod is imported as a namespace: its `z` object would bring all of it into every verb', () => {
  const whole = sourceFiles().filter((file) => /import \{[^}]*\bz\b[^}]*\} from 'zod'/.test(readFileSync(join(SRC, file), 'utf8')));
  expect(whole).toEqual([]);
});

function isStatic(file: string, to: string): boolean {
  return new RegExp(`^import (?!type)[^'"]*from '${to}'`, 'm').test(readFileSync(join(SRC, file), 'utf8'));
}
