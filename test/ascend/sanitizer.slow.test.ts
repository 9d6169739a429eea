// The layouts under AddressSanitizer: the stand-in is compiled with it, and node runs with its allocator, so that a read of C++ beyond one
// of our buffers is seen, whatever lies there. Proven by a layout that is wrong on purpose.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeAir } from '../../src/formats/air.js';
import { buildStandin } from '../support/cann/build.js';
import { hasStandin, readRecord, standinEnv } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { linearGraph } from '../support/linear.js';
import { nativeScript, type ScriptRun } from '../support/native-script.js';

const folder = testFolder();

const runtime = hasStandin ? execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim() : '';
const hasSanitizer =
  existsSync(runtime) && spawnSync(process.execPath, ['-e', '0'], { env: { LD_PRELOAD: runtime, ...asanOptions() } }).status === 0;

function asanOptions(): Record<string, string> {
  // V8 keeps what it allocates, and so does a process that ends without destructors: leaks say nothing here.
  return { ASAN_OPTIONS: 'detect_leaks=0:exitcode=86:halt_on_error=1:alloc_dealloc_mismatch=0' };
}

const script = await nativeScript(`
  import { readFileSync } from 'node:fs';
  import { openNative } from './src/backends/ascend/native/native.js';
  const { lib64, folder, air, wrong } = JSON.parse(readFileSync(0, 'utf8'));
  const native = await openNative({ libraryFolders: [lib64], logFolder: folder + '/log', journal: { underWay: folder + '/call.json' } });
  native.libraries.open('build');
  const { call, layouts, memory } = native;
  const short = (address, bytes) => {
    // The same bytes in a buffer that is too small by a pointer.
    const copy = memory.allocate(bytes - 8);
    memory.read(address, bytes - 8).copy(copy);
    return memory.addressOf(copy);
  };
  for (let size = 0; size < 40; size++) {
    call('aclgrphBuildInitialize', layouts.options(Object.fromEntries(Array.from({ length: size }, (_, i) => ['key' + i, 'v'.repeat(i)]))));
  }
  if (wrong === 'node of a map') {
    const map = layouts.options({ a: '1' });
    const node = Buffer.alloc(8);
    node.writeBigUInt64LE(short(memory.read(map + 16n, 8).readBigUInt64LE(), 64));
    // It is the root, the first and the last.
    for (const offset of [16n, 24n, 32n]) memory.write(map + offset, node);
    call('aclgrphBuildInitialize', map);
  }
  const graph = layouts.graph('origin');
  call('Graph.LoadFromFile', graph, air);
  const parts = layouts.refreshableGraphs();
  const names = layouts.strings(['w', 'b']);
  call('aclgrphConvertToWeightRefreshableGraphs', graph, wrong === 'vector' ? short(names, 24) : names, wrong === 'graphs' ? short(parts.address, 48) : parts.address);
  const model = layouts.modelBuffer();
  const list = [{ graph: parts.infer, options: { log: 'error', input_format: 'ND' } }, { graph: parts.init, options: {} }, { graph: parts.update, options: {} }];
  call('aclgrphBundleBuildModel', layouts.graphsWithOptions(list), wrong === 'model' ? short(model.address, 24) : model.address);
  call('aclgrphBundleSaveModel', folder + '/out/m', model.address);
  call('aclgrphBuildFinalize');
  console.log('done');
`);

describe.skipIf(!hasSanitizer)('under AddressSanitizer', () => {
  let lib64 = '';
  beforeAll(async () => {
    lib64 = join(await buildStandin({ flags: ['-fsanitize=address', '-fno-omit-frame-pointer'] }), '9.2/lib64');
  }, 600_000);

  function run(wrong?: string): ScriptRun {
    const air = folder.write('linear.air', writeAir(linearGraph()));
    const env = {
      ...standinEnv({ record: folder.path('record.jsonl') }),
      ...asanOptions(),
      LD_PRELOAD: runtime,
      LD_LIBRARY_PATH: lib64,
      ASCEND_PROCESS_LOG_PATH: folder.path('log'),
    };
    return script({ lib64, folder: folder.path(), air, wrong }, { env });
  }

  test('a whole build reads and writes nothing that it should not', () => {
    const { status, stderr, stdout } = run();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('done');
    expect(readRecord(folder.path('record.jsonl')).violations).toEqual([]);
  });

  test.each(['node of a map', 'vector', 'graphs', 'model'])('a %s that is too small by a pointer is seen', (wrong) => {
    const { status, stderr } = run(wrong);
    expect(stderr).toMatch(/AddressSanitizer: heap-buffer-overflow/);
    expect(status).toBe(86);
  });
});
