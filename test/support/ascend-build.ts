// Builds on the stand-in CANN through the command line, and what the stand-in saw of them.
import { mkdirSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { BuildResult } from '../../src/commands/build/signature.js';
import { type Recorded, readRecord, type StandinSettings, standinEnv } from './cann/standin.js';
import { type ResultDocument, Workplace } from './cli.js';

export interface AscendBuild extends Recorded {
  readonly document: ResultDocument<BuildResult>;
  readonly stderr: string;
  /** What is left of job folders. */
  readonly jobs: readonly string[];
}

export class AscendWorkplace extends Workplace {
  #count = 0;

  constructor() {
    super();
    mkdirSync(this.path('tmp'));
  }

  /** Everything that a user would see: no examples, no temporary folder, no records. */
  override files(): string[] {
    return super.files().filter((path) => !path.startsWith('tmp') && !path.startsWith('record-'));
  }

  async build(args: readonly string[], settings: StandinSettings = {}): Promise<AscendBuild> {
    const record = this.path(`record-${this.#count++}.jsonl`);
    // The variables of the stand-in reach the native process as any of the user's do.
    const env = { ...standinEnv({ ...settings, record }), TMPDIR: this.path('tmp') };
    const { stdout, stderr } = await this.call(['build', ...args, '--json'], { env });
    const document = JSON.parse(stdout);
    expect(resultSchema.safeParse(document).error?.issues ?? []).toEqual([]);
    return { document, stderr, jobs: readdirSync(this.path('tmp')), ...readRecord(record) };
  }
}
