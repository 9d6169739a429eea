// Bundles for the stand-in, made by the C++ program that builds as any user of GE would.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAir } from '../../../src/formats/air.js';
import type { Graph } from '../../../src/graph/graph.js';
import { ARCH } from './install-files.js';
import type { CannLayout } from './libraries.js';
import { cannRoot, driveProgram, standinEnv } from './standin.js';

export interface DriveOptions {
  readonly layout?: CannLayout;
  readonly name?: string;
  /** Of the inference graph: `input_shape=x:-1,3`. */
  readonly options?: readonly string[];
  readonly withInit?: boolean;
  /** In place of GE's own. */
  readonly updateGraph?: Graph;
  readonly bundle?: 'v1' | 'v2';
}

/** @returns the path of the bundle in `folder` */
export function driveBundle(folder: string, graph: Graph, consts: readonly string[], given: DriveOptions = {}): string {
  const { layout, name = 'bundle', options = [], withInit = true, updateGraph, bundle } = given;
  const air = join(folder, `${name}.air`);
  writeFileSync(air, writeAir(graph).read());
  const update = join(folder, `${name}.update.air`);
  if (updateGraph !== undefined) writeFileSync(update, writeAir(updateGraph).read());
  const args = [
    ...options.flatMap((option) => ['-b', option]),
    ...(withInit ? [] : ['-n']),
    ...(updateGraph === undefined ? [] : ['-u', update]),
    ...[air, join(folder, name), ...consts],
  ];
  const { status, stderr } = spawnSync(driveProgram(layout), args, {
    env: {
      ...standinEnv({ ...(layout === undefined ? {} : { layout }), ...(bundle === undefined ? {} : { bundle }) }),
      LD_LIBRARY_PATH: join(cannRoot(layout), 'lib64'),
      ASCEND_PROCESS_LOG_PATH: join(folder, 'log'),
    },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the stand-in did not build: ${stderr}`);
  const path = [join(folder, `${name}_linux_${ARCH}.om`), join(folder, `${name}.om`)].find((one) => existsSync(one));
  if (path === undefined) throw new Error('the stand-in saved nothing');
  return path;
}
