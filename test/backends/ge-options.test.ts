// GE's options. Expected numbers and places are those of CANN's headers, as cann-api §2 counts and lists them.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type PlannedOptions, planOptions } from '../../src/backends/ascend/ge/options/plan.js';
import { readGeOptions, type TypedOptions } from '../../src/backends/ascend/ge/options/read.js';
import { findOption, GE_OPTIONS, type Place } from '../../src/backends/ascend/ge/options/table.js';
import { checkSocVersion } from '../../src/backends/ascend/ge/soc.js';
import type { AscendBundleError } from '../../src/base/errors.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { graphOf } from '../support/graph.js';

const folder = testFolder();
const graph = graphOf({
  inputs: [
    { name: 'x', dtype: 'float32', shape: [-1, 3, -1, -1] },
    { name: 'mask', dtype: 'float32', shape: [1, 77] },
  ],
  outputs: ['x', 'mask'],
});

const typed = (more: Partial<TypedOptions>): TypedOptions => ({ flags: {}, pairs: [], initPairs: [], updatePairs: [], ...more });

function plan(more: Partial<TypedOptions>, isOnnx = false, cannVersion?: string): PlannedOptions {
  return planOptions(readGeOptions(typed(more)), { graph, isOnnx, cannVersion });
}

function refused(more: Partial<TypedOptions>, isOnnx = false, cannVersion?: string): AscendBundleError {
  const error = caught(() => plan(more, isOnnx, cannVersion));
  expect(error.code).toBe('USAGE');
  expect(error.fix ?? error.problems[0]?.fix).toBeTruthy();
  return error;
}

const count = (column: 'in81' | 'in92', place: Place): number =>
  GE_OPTIONS.filter((row) => !row.isUnlisted && row[column].includes(place)).length;

test('the table has as many keys as the lists of the headers', () => {
  expect({ global: count('in81', 'global'), build: count('in81', 'build') }).toEqual({ global: 37, build: 47 });
  expect({ global: count('in92', 'global'), build: count('in92', 'build') }).toEqual({ global: 42, build: 55 });
  expect([count('in81', 'parser'), count('in92', 'parser')]).toEqual([8, 8]);
});

test('a flag of atc and a key name one option each', () => {
  const flags = GE_OPTIONS.flatMap(({ flag }) => flag ?? []);
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(GE_OPTIONS.map(({ key }) => key)).size).toBe(GE_OPTIONS.length);
});

test.each([
  ['ge.oo.level', 'ge.oo.level'],
  ['oo.level', 'ge.oo.level'],
  ['precision_mode', 'ge.exec.precision_mode'],
  ['ge.precision_mode', 'ge.exec.precision_mode'],
  ['input_shape', 'input_shape'],
  ['ge.input_shape', 'input_shape'],
  ['ge.inputShape', 'input_shape'],
  ['log', 'log'],
  ['ge.log', 'log'],
])('%s is the key %s', (written, key) => {
  expect(findOption(written)?.key).toBe(key);
});

test('what Initialize takes goes there, shapes go to the inference graph alone', () => {
  const { global, infer, parser, init, update } = plan({
    flags: { soc_version: 'Ascend910B1', precision_mode_v2: 'origin', input_format: 'NCHW', log: 'error' },
    pairs: ['oo.level=O1', 'ge.op_compiler_cache_mode=force'],
  });
  expect([...global]).toEqual([
    ['ge.exec.precision_mode_v2', 'origin'],
    ['ge.oo.level', 'O1'],
    ['ge.op_compiler_cache_mode', 'force'],
    ['ge.socVersion', 'Ascend910B1'],
  ]);
  expect([...infer]).toEqual([
    ['input_format', 'NCHW'],
    ['log', 'error'],
  ]);
  expect([parser.size, init.size, update.size]).toEqual([0, 0, 0]);
});

test('for ONNX the parser gets shapes, output names and float16 inputs', () => {
  const flags = { input_shape: 'x:1,3,8,8', out_nodes: 'y', input_fp16_nodes: 'x', is_input_adjust_hw_layout: 'true' };
  const { parser, infer } = plan({ flags }, true);
  expect([...parser.keys()]).toEqual(['ge.INPUT_NODES_SET_FP16', 'ge.outputNodeName', 'input_shape', 'is_input_adjust_hw_layout']);
  expect([...infer]).toEqual([['input_shape', 'x:1,3,8,8']]);
  const { is_input_adjust_hw_layout: _, ...others } = flags;
  expect([...plan({ flags: others }).infer.keys()]).toEqual(['ge.INPUT_NODES_SET_FP16', 'ge.outputNodeName', 'input_shape']);
  expect(refused({ flags }).message).toContain('--is-input-adjust-hw-layout');
});

test.each<[string, Partial<TypedOptions>, readonly string[]]>([
  ['an unknown key', { pairs: ['ge.oo.levle=O1'] }, ['ge.oo.levle', 'ge.oo.level']],
  ['a key of atc alone', { pairs: ['ge.jit_compile=1'] }, ['ge.jit_compile', 'atc alone']],
  ['no value', { pairs: ['ge.oo.level'] }, ['key=value']],
  ['an empty value', { pairs: ['ge.oo.level='] }, ['is empty', 'Leave the option out']],
  ['an empty flag', { flags: { log: '' } }, ['--log', 'is empty']],
  ['a value that is none', { flags: { precision_mode: 'fast' } }, ['--precision-mode', 'fast', 'force_fp16']],
  ['a file that is not there', { flags: { insert_op_conf: 'aipp.cfg' } }, ['--insert-op-conf', 'aipp.cfg', 'does not exist']],
  ['two values of one key', { flags: { oo_level: 'O1' }, pairs: ['oo.level=O3'] }, ['--oo-level', '-O oo.level', 'O3']],
  ['both precision modes', { flags: { precision_mode: 'force_fp32', precision_mode_v2: 'origin' } }, ['E10056', '--precision-mode-v2']],
  ['a list of mixed precision without it', { flags: { modify_mixlist: import.meta.filename } }, ['--modify-mixlist', 'mixed_float16']],
  ['a list of operators without a mode', { flags: { optypelist_for_implmode: 'Gelu' } }, ['--op-select-implmode']],
  ['a contradiction', { flags: { deterministic_level: '2' } }, ['--deterministic-level', '--deterministic']],
  ['OM2', { pairs: ['ge.offlineMode=7'] }, ['OM2']],
  ['tuning', { flags: { auto_tune_mode: 'GA' } }, ['E10055']],
  ['weights beside the bundle', { flags: { external_weight: '1' } }, ['--external-weight']],
  ['a shape for no input', { flags: { input_shape: 'y:1,3' } }, ['--input-shape', '"y"']],
  ['a shape that is none', { flags: { input_shape: 'x' } }, ['name:dims', 'n1:1,3,224,224']],
  ['a dimension of 0', { flags: { input_shape: 'x:0,3,8,8' } }, ['"0"']],
  ['an option of the update graph', { updatePairs: ['ge.dynamicDims=1;2'] }, ['--update-option', 'the update graph has none']],
  ['an option of all graphs for one', { initPairs: ['ge.deterministic=1'] }, ['--init-option', '-O']],
])('%s is refused', (_, more, words) => {
  const error = refused(more);
  for (const word of words) expect(`${error.message} ${error.fix}`).toContain(word);
});

const GEARS = { input_shape: 'x:-1,3,8,8', dynamic_batch_size: '1,2,4,8' };

test.each<[string, Readonly<Record<string, string>>]>([
  ['batches', GEARS],
  ['sizes of images', { input_shape: 'x:1,3,-1,-1', input_format: 'NCHW', dynamic_image_size: '416,416;832,832' }],
  ['dimensions', { input_shape: 'x:-1,3,8,8;mask:1,-1', dynamic_dims: '1,77;2,128' }],
])('gears of %s pass', (_, flags) => {
  expect(plan({ flags }).infer.size).toBe(Object.keys(flags).length);
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['one gear', { ...GEARS, dynamic_batch_size: '4' }, '2 to 100'],
  ['too many gears', { ...GEARS, dynamic_batch_size: Array.from({ length: 101 }, (_, i) => i + 1).join() }, '101 gears'],
  ['a gear twice', { ...GEARS, dynamic_batch_size: '1,2,1' }, 'twice'],
  ['a gear of 0', { ...GEARS, dynamic_batch_size: '0,2' }, '"0"'],
  ['gears without a shape', { dynamic_batch_size: '1,2' }, '--input-shape'],
  ['gears without an open dimension', { ...GEARS, input_shape: 'x:1,3,8,8' }, '-1'],
  ['gears of the wrong dimension', { ...GEARS, input_shape: 'x:1,-1,8,8' }, 'first dimension'],
  ['two kinds of gears', { ...GEARS, dynamic_dims: '1;2' }, 'E10009'],
  ['image sizes without a format', { input_shape: 'x:1,3,-1,-1', dynamic_image_size: '4,4;8,8' }, '--input-format'],
  ['image sizes of three numbers', { input_shape: 'x:1,3,-1,-1', input_format: 'NCHW', dynamic_image_size: '4,4,4;8,8,8' }, 'height,width'],
  ['too few sizes in a gear', { input_shape: 'x:-1,3,-1,8', dynamic_dims: '1;2' }, '2 dimensions open'],
  ['dimensions in a format', { input_shape: 'x:-1,3,8,8', dynamic_dims: '1;2', input_format: 'NCHW' }, 'ND'],
])('%s: refused', (_, flags, word) => {
  const error = refused({ flags });
  expect(`${error.message} ${error.fix}`).toContain(word);
});

test('256 gears pass for the 950 family', () => {
  const sizes = Array.from({ length: 256 }, (_, i) => i + 1).join();
  expect(plan({ flags: { ...GEARS, dynamic_batch_size: sizes, soc_version: 'Ascend950PR_957b' } }).infer.size).toBe(2);
});

test('all mistakes are told at once', () => {
  const { problems } = refused({ pairs: ['a=1', 'ge.oo.level=O7'], flags: { log: 'loud' } });
  expect(problems).toHaveLength(3);
});

test("a shape that differs from the graph is GE's business, and a warning", () => {
  const { warnings } = plan({ flags: { input_shape: 'mask:4,77' } });
  expect(warnings.map(({ code }) => code)).toEqual(['INPUT_SHAPE_CHANGED']);
  expect(plan({ flags: { input_shape: 'x:1~8,3,8,8;mask:1,77' } }).warnings).toEqual([]);
});

test('an option for one of the inner graphs passes with a warning', () => {
  const { update, warnings } = plan({ updatePairs: ['op_debug_option=oom'] });
  expect([...update]).toEqual([['op_debug_option', 'oom']]);
  expect(warnings[0]?.code).toBe('GE_OPTION_IGNORED');
});

test('files are given to GE by their whole path', () => {
  const path = folder.write('aipp.cfg', '');
  expect(plan({ flags: { insert_op_conf: path } }).infer.get('ge.insertOpFile')).toBe(path);
  expect(plan({ flags: { debug_dir: 'dump' } }).global.get('ge.debugDir')).toBe(`${process.cwd()}/dump`);
});

test.each<[string | undefined, 'passes' | 'warns' | 'refused']>([
  ['8.1.RC1', 'refused'],
  ['8.5.0', 'warns'],
  ['9.0.0-beta.1', 'warns'],
  ['9.2.0', 'passes'],
  [undefined, 'passes'],
])('an option of 9.2 with CANN %s: %s', (version, expected) => {
  const given = { flags: { deterministic_level: '1', deterministic: '1' } };
  if (expected === 'refused') expect(refused(given, false, version).message).toContain('8.1.RC1');
  else expect(plan(given, false, version).warnings.length).toBe(expected === 'warns' ? 1 : 0);
});

const raw = (sections: unknown): string => folder.write('options.json', JSON.stringify(sections));

test('a file of raw options is read as atc reads it: graph over session over global, and below what was typed', () => {
  const rawFile = raw({
    'compile options': {
      global: { 'ge.oo.level': 'O3', 'ge.deterministic': '1', log: 'info' },
      session: { 'ge.oo.level': 'O1', log: 'debug' },
      graph: { log: 'error', 'ge.inputShape': 'mask:1,77' },
    },
    'execute options': { whatever: 1 },
  });
  const { global, infer } = plan({ rawFile, flags: { deterministic: '0' } });
  expect([...global, ...infer]).toEqual([
    ['ge.deterministic', '0'],
    ['ge.oo.level', 'O1'],
    ['input_shape', 'mask:1,77'],
    ['log', 'error'],
  ]);
});

test.each<[string, unknown, string]>([
  ['no sections', {}, '/compile options'],
  ['a list', [], 'no JSON object'],
  ['an unknown level', { 'compile options': { model: {} } }, '/compile options/model'],
  ['a number', { 'compile options': { graph: { log: 1 } } }, '/compile options/graph/log'],
  ['a level that is no object', { 'compile options': { graph: 'log' } }, '/compile options/graph'],
  ['a key without a name', { 'compile options': { graph: { '': 'x' } } }, 'without a name'],
])('a file of raw options with %s is malformed', (_, content, word) => {
  const error = caught(() => plan({ rawFile: raw(content) }));
  expect(error.code).toBe('FILE_MALFORMED');
  expect(error.message).toContain(word);
});

test('keys that the build does not take are refused, or skipped when asked', () => {
  const rawFile = raw({ 'compile options': { global: { 'ge.jit_compile': '2' }, graph: { log: 'info' } } });
  expect(refused({ rawFile }).message).toContain('ge.jit_compile');
  const { infer, warnings } = plan({ rawFile, ignoreUnsupported: true });
  expect([...infer]).toEqual([['log', 'info']]);
  expect(warnings[0]?.message).toContain('ge.jit_compile');
});

test('the chip does not come from a file of raw options, as in atc', () => {
  expect(refused({ rawFile: raw({ 'compile options': { global: { 'ge.socVersion': 'Ascend310P3' } } }) }).fix).toContain('--soc-version');
});

test('a file of raw options that is missing, or no JSON', () => {
  expect(caught(() => plan({ rawFile: folder.path('none.json') })).code).toBe('FILE_NOT_FOUND');
  writeFileSync(folder.path('bad.json'), '{"compile options": ');
  expect(caught(() => plan({ rawFile: folder.path('bad.json') })).code).toBe('FILE_MALFORMED');
});

const CHIPS = ['Ascend310P3', 'Ascend910A', 'Ascend910B', 'Ascend910B1', 'Ascend910B2'];

test('a chip that the installed CANN knows passes; others get near names', () => {
  expect(checkSocVersion('Ascend910B2', CHIPS)).toEqual([]);
  expect(caught(() => checkSocVersion('ASCEND310P3', CHIPS)).fix).toBe('Write Ascend310P3.');
  expect(caught(() => checkSocVersion('Ascend910B9', CHIPS)).fix).toMatch(/Ascend910B/);
  expect(caught(() => checkSocVersion('Orin', CHIPS)).fix).toContain('targets');
});

test('without a list of chips any name passes, with a warning', () => {
  expect(checkSocVersion('Ascend999', undefined).map(({ code }) => code)).toEqual(['SOC_UNCHECKED']);
});

test('Ascend910B is no Atlas A2', () => {
  expect(checkSocVersion('Ascend910B', CHIPS)[0]).toMatchObject({
    code: 'SOC_OLD_CHIP',
    fix: expect.stringContaining('Ascend910B1, Ascend910B2'),
  });
});
