// Runs the command line as a user does, in a folder of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');
export const BIN = join(PROJECT, 'bin/ascend-bundle.js');
export const EXAMPLES = join(PROJECT, 'examples');

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** The document of --json, with the result of a verb; test/cli/documents.test.ts holds its form. */
export interface ResultDocument<R> {
  readonly ok: boolean;
  readonly exitCode: number;
  readonly backend: { readonly kind: string; readonly reason: string } | null;
  readonly result: R;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly error: {
    readonly class: string;
    readonly code: string;
    readonly message: string;
    readonly fix: string | null;
    readonly at: string | null;
  } | null;
}

export class Workplace {
  /** A fresh folder with a copy of examples/, gone after the test. */
  readonly folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));

  constructor() {
    cpSync(EXAMPLES, join(this.folder, 'examples'), { recursive: true });
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Everything but the examples, hidden files included. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => !path.startsWith('examples'))
      .sort();
  }

  run(args: readonly string[], { input, env }: CliOptions = {}): CliResult {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      input: input ?? '',
      // CANN of the machine must not decide what the tests see.
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...env },
      maxBuffer: 64 << 20,
    });
    return { status, stdout, stderr };
  }

  /** The JSON document of a run with --json. */
  json<R = unknown>(args: readonly string[], options?: CliOptions): ResultDocument<R> {
    return JSON.parse(this.run([...args, '--json'], options).stdout);
  }
}
