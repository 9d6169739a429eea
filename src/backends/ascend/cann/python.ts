// The Python that GE's operator compiler will use: asked in a child with the environment that GE will have, because it takes the
// python3 that comes first in PATH. GE loads <prefix>/lib/libpython3.<y>.so.1.0, or that library by its bare name (cann-api §5.5).
import { type ExecFileException, execFile } from 'node:child_process';

export interface PythonState {
  /** `/usr/bin/python3`; null where there is none, or it did not answer. */
  readonly executable: string | null;
  readonly version: string | null;
  /** Where its shared library is; null where GE would not find one. */
  readonly sharedLibrary: string | null;
  /** Packages by the names that pip knows. */
  readonly missing: readonly string[];
  /** Why nothing is known. */
  readonly failure: string | null;
}

export const LEAST_PYTHON = [3, 7] as const;

/** What is imported → what pip calls it. */
const MODULES: Readonly<Record<string, string>> = {
  attr: 'attrs',
  Cython: 'cython',
  numpy: 'numpy',
  decorator: 'decorator',
  sympy: 'sympy',
  cffi: 'cffi',
  yaml: 'pyyaml',
  pathlib2: 'pathlib2',
  psutil: 'psutil',
  'google.protobuf': "'protobuf==3.20.*'",
  scipy: 'scipy',
  requests: 'requests',
  absl: 'absl-py',
};

const TIMEOUT_MS = 20_000;

/** Finds the modules without importing them: numpy alone would take a second, and a broken one would print. */
const SCRIPT = `
import sys, os, json
answer = {'executable': sys.executable, 'version': list(sys.version_info[:3]), 'missing': [], 'library': None}
if sys.version_info >= (3, 4):
    import importlib.util, sysconfig
    for name in sys.argv[1:]:
        try:
            found = importlib.util.find_spec(name) is not None
        except Exception:
            found = False
        if not found:
            answer['missing'].append(name)
    file = 'libpython%d.%d.so.1.0' % sys.version_info[:2]
    folders = [os.path.join(sys.base_prefix, 'lib')]
    folders += [sysconfig.get_config_var('LIBDIR') or '', sysconfig.get_config_var('LIBPL') or '']
    if sysconfig.get_config_var('MULTIARCH'):
        folders.append('/usr/lib/' + sysconfig.get_config_var('MULTIARCH'))
    folders += os.environ.get('LD_LIBRARY_PATH', '').split(os.pathsep)
    for folder in folders:
        if folder and os.path.exists(os.path.join(folder, file)):
            answer['library'] = os.path.join(folder, file)
            break
print(json.dumps(answer))
`;

/** Takes as long as a Python takes to start; never longer than 20 s. Never throws. */
export async function inspectPython(env: Readonly<Record<string, string>>): Promise<PythonState> {
  const first = await ask('python3', env);
  // As GE does where there is no python3.
  return first.failure === null || first.executable !== null ? first : fallback(first, await ask('python', env));
}

function fallback(first: PythonState, second: PythonState): PythonState {
  return second.failure === null ? second : first;
}

function ask(program: string, env: Readonly<Record<string, string>>): Promise<PythonState> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const, maxBuffer: 1 << 20, windowsHide: true };
    execFile(program, ['-c', SCRIPT, ...Object.keys(MODULES)], options, (error, stdout, stderr) => {
      resolve(stateOf(program, error, stdout, stderr));
    });
  });
}

function stateOf(program: string, error: ExecFileException | null, stdout: string, stderr: string): PythonState {
  const unknown = { executable: null, version: null, sharedLibrary: null, missing: [] };
  if (error?.code === 'ENOENT') return { ...unknown, failure: `there is no ${program} in PATH` };
  const answer = error === null ? parsed(stdout) : undefined;
  if (answer === undefined) {
    const words = stderr.trim().split('\n').at(-1) || error?.message.split('\n')[0] || 'it printed no answer';
    return { ...unknown, failure: `${program} does not work: ${words}` };
  }
  const missing = answer.missing.flatMap((name) => MODULES[name] ?? []);
  return { executable: answer.executable, version: answer.version.join('.'), sharedLibrary: answer.library, missing, failure: null };
}

interface Answer {
  readonly executable: string;
  readonly version: readonly number[];
  readonly missing: readonly string[];
  readonly library: string | null;
}

/** The last line: a site customisation may print before it. */
function parsed(stdout: string): Answer | undefined {
  try {
    const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
    return Array.isArray(answer.version) && Array.isArray(answer.missing) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the operator compiler takes it. */
export function isPythonNewEnough({ version }: PythonState): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > LEAST_PYTHON[0] || (major === LEAST_PYTHON[0] && minor >= LEAST_PYTHON[1]);
}
