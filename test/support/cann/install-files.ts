// The folders and small files of a CANN install, as cann-api.md §5 has them for 8.1 and for 9.x.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CannLayout } from './libraries.js';

/** CANN's word for the processor. */
export const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

const SOCS = [
  'Ascend310',
  'Ascend310B1',
  'Ascend310B4',
  'Ascend310P1',
  'Ascend310P3',
  'Ascend910A',
  'Ascend910B',
  'Ascend910B1',
  'Ascend910B2',
  'Ascend910B3',
  'Ascend910B4',
  'Ascend910_9391',
];

const VERSION: Readonly<Record<CannLayout, string>> = { '8.1': '8.1.RC1', '9.2': '9.2.0' };

/** Writes everything but the libraries; gives the folders that they belong in. */
export function writeInstall(root: string, layout: CannLayout): { readonly lib64: string; readonly devlib: string } {
  const host = join(root, `${ARCH}-linux`);
  const lib64 = join(host, 'lib64');
  const devlib = layout === '8.1' ? join(host, 'devlib/linux', ARCH) : join(host, 'devlib');
  for (const folder of [lib64, join(lib64, 'plugin/opskernel'), join(lib64, 'plugin/nnengine'), devlib])
    mkdirSync(folder, { recursive: true });
  symlinkSync(`${ARCH}-linux/lib64`, join(root, 'lib64'));
  symlinkSync(`${ARCH}-linux/devlib`, join(root, 'devlib'));
  for (const [path, content] of Object.entries({ ...common(layout), ...versionFiles(layout) })) write(root, path, content);
  for (const folder of ['python/site-packages', `opp/built-in/op_impl/ai_core/tbe/op_tiling/lib/linux/${ARCH}`]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const soc of SOCS) write(host, `data/platform_config/${soc}.ini`, `[version]\nSoC_version=${soc}\n[SoCInfo]\nai_core_cnt=8\n`);
  return { lib64, devlib };
}

function common(layout: CannLayout): Record<string, string> {
  return {
    'set_env.sh': [
      `# Sets what programs need to find this CANN.`,
      `export ASCEND_TOOLKIT_HOME="$(cd "$(dirname "$BASH_SOURCE")" && pwd)"`,
      'export ASCEND_HOME_PATH="$ASCEND_TOOLKIT_HOME" ASCEND_OPP_PATH="$ASCEND_TOOLKIT_HOME/opp"',
      'export LD_LIBRARY_PATH="$ASCEND_TOOLKIT_HOME/lib64:$LD_LIBRARY_PATH"',
      '',
    ].join('\n'),
    'bin/atc': '#!/bin/sh\necho "this CANN is a stand-in: it has no atc" >&2\nexit 1\n',
    [`${ARCH}-linux/conf/error_manager/error_code.json`]: '{"error_info_list": []}\n',
    'opp/scene.info': `os=linux\nos_version=5.10\narch=${ARCH}\n`,
    'opp/version.info': `Version=${VERSION[layout]}\nversion_dir=${VERSION[layout]}\n`,
  };
}

function versionFiles(layout: CannLayout): Record<string, string> {
  const version = VERSION[layout];
  if (layout === '8.1') {
    return {
      'version.cfg': `# version: 1.0\nruntime_running_version=[7.7.0.1.238:${version}]\ncompiler_running_version=[7.7.0.1.238:${version}]\n`,
      [`${ARCH}-linux/ascend_toolkit_install.info`]: `package_name=Ascend-cann-toolkit\nversion=${version}\narch=${ARCH}\n`,
      'runtime/version.info': `Version=7.7.0.1.238\nversion_dir=${version}\n`,
      'compiler/version.info': `Version=7.7.0.1.238\nversion_dir=${version}\n`,
    };
  }
  return Object.fromEntries(['runtime', 'ge-compiler', 'opp'].map((name) => [`share/info/${name}/version.info`, `Version=${version}\n`]));
}

function write(root: string, path: string, content: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: path === 'bin/atc' ? 0o755 : 0o644 });
}
