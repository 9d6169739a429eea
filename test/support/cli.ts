// Runs the command line as a user does, in a folder of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');
export const BIN = join(PROJECT, 'bin/ascend-bundle.js');
const CLI = join(PROJECT, 'dist/cli.js');
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
  readonly command: string | null;
  readonly exitCode: number;
  readonly backend: { readonly kind: string; readonly reason: string } | null;
  /** Null when it failed. */
  readonly result: R;
  readonly timings: readonly { readonly step: string; readonly ms: number }[];
  readonly warnings: readonly ProblemFields[];
  readonly error: (ProblemFields & { readonly class: string; readonly problems: readonly ProblemFields[] }) | null;
}

export interface ProblemFields {
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
  readonly at: string | null;
}

export class Workplace {
  /** A fresh folder with a copy of examples/, gone after the test. */
  readonly folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));
  /** Its folder for temporary files: what is kept of a native failure lands there. */
  readonly #temporary = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));

  constructor() {
    cpSync(EXAMPLES, join(this.folder, 'examples'), { recursive: true });
    onTestFinished(() => {
      for (const folder of [this.folder, this.#temporary]) rmSync(folder, { recursive: true, force: true });
    });
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

  /** In a process of its own, as a user does. */
  run(args: readonly string[], { input, env }: CliOptions = {}): CliResult {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      input: input ?? '',
      // CANN of the machine must not decide what the tests see.
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, TMPDIR: this.#temporary, ...env },
      maxBuffer: 64 << 20,
    });
    return { status, stdout, stderr };
  }

  /** In this process, ten times faster: the same built files, without bin/ and without stdin. One at a time. */
  async call(args: readonly string[], { env }: Pick<CliOptions, 'env'> = {}): Promise<CliResult> {
    const { main } = (await import(CLI)) as { main(argv: readonly string[]): Promise<number> };
    const before = { cwd: process.cwd(), env: { ...process.env }, stdout: process.stdout.write, stderr: process.stderr.write };
    const written = { stdout: '', stderr: '' };
    const catching = (name: 'stdout' | 'stderr') => (piece: unknown) => {
      written[name] += String(piece);
      return true;
    };
    process.chdir(this.folder);
    setEnvironment({ PATH: before.env['PATH'], HOME: this.folder, TMPDIR: this.#temporary, ...env });
    process.stdout.write = catching('stdout') as typeof process.stdout.write;
    process.stderr.write = catching('stderr') as typeof process.stderr.write;
    try {
      return { status: await main(args), ...written };
    } finally {
      process.stdout.write = before.stdout;
      process.stderr.write = before.stderr;
      setEnvironment(before.env);
      process.chdir(before.cwd);
      // Each call of main listens.
      process.stdout.removeListener('error', process.stdout.listeners('error').at(-1) as () => void);
    }
  }

  /** The JSON document of a run with --json. */
  json<R = unknown>(args: readonly string[], options?: CliOptions): ResultDocument<R> {
    return JSON.parse(this.run([...args, '--json'], options).stdout);
  }
}

/** In place: native code reads the environment of the process, not an object in its stead. */
function setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}
