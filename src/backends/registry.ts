// Which backend does the work, and why. A pipeline must never ship a host bundle by accident: the host is taken by
// itself only where nothing of CANN is found and nothing that only CANN understands was asked for.
import { AscendBundleError } from '../base/errors.js';
import type { Bundle } from '../formats/om/index.js';
import { signOfCann } from './ascend/cann/find.js';
import { thisMachine } from './ascend/cann/machine.js';
import type { Arithmetic, Backend, BackendChoice, BackendKind, GraphRunner, GraphSource } from './backend.js';
import { HOST_PLATFORM_VERSION } from './host/mark.js';
import type { StoredProgram } from './host/stored-program.js';

export interface BuildRequest {
  readonly asked: 'auto' | BackendKind;
  /** Options on the command line that only GE understands, as they were typed. */
  readonly geOptions: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** @throws USAGE when the host is asked for together with what only GE understands */
export function chooseForBuild({ asked, geOptions, env }: BuildRequest): BackendChoice {
  const [option] = geOptions;
  if (asked === 'host' && option !== undefined) {
    throw new AscendBundleError('USAGE', {
      message: `${option} is for GE's compiler, which --backend host does not use.`,
      fix: `Leave ${option} or --backend host out.`,
    });
  }
  if (asked !== 'auto') return { kind: asked, reason: `--backend ${asked}` };
  if (option !== undefined) return { kind: 'ascend', reason: `${option} is for GE's compiler` };
  const cann = signOfCann({ env, machine: thisMachine(env) });
  return cann === undefined ? { kind: 'host', reason: 'no CANN was found' } : { kind: 'ascend', reason: `CANN was found: ${cann}` };
}

/** @throws BACKEND_MISMATCH when another backend is asked for than the bundle was made for */
export function chooseForBundle(bundle: Bundle, path: string, asked: 'auto' | BackendKind): BackendChoice {
  const made = bundleBackend(bundle);
  if (asked === 'auto' || asked === made) return { kind: made, reason: `the bundle was built for ${WORDS[made]}` };
  throw new AscendBundleError('BACKEND_MISMATCH', {
    message: `${path} was built for ${WORDS[made]}; it cannot run on ${WORDS[asked]}.`,
    fix: `Build it again from its graph with --backend ${asked}.`,
  });
}

const WORDS: Record<BackendKind, string> = { host: 'the host backend', ascend: 'an Ascend NPU' };

export function bundleBackend(bundle: Bundle): BackendKind {
  return bundle.submodels.some((submodel) => submodel.om.header.platformVersion === HOST_PLATFORM_VERSION) ? 'host' : 'ascend';
}

/** Whether it can work is known when it is asked to. */
export async function loadBackend({ kind }: BackendChoice): Promise<Backend> {
  return kind === 'host' ? (await import('./host/backend.js')).hostBackend : (await import('./ascend/backend.js')).ascendBackend;
}

/**
 * A graph as a reference, on the CPU whatever the machine has.
 *
 * @param weightNames  of constants that may get new values; those that the graph does not have are left out
 * @throws ORT_MISSING, OP_UNSUPPORTED, DTYPE_UNSUPPORTED, HOST_EXECUTION
 */
export async function openGraph(source: GraphSource, weightNames: readonly string[], arithmetic: Arithmetic = 'own'): Promise<GraphRunner> {
  return (await import('./host/graph-runner.js')).openGraphRunner(source, weightNames, arithmetic);
}

/**
 * What a bundle of the host backend executes, as an ONNX model.
 *
 * @throws BUNDLE_INVALID, FILE_MALFORMED
 */
export async function openProgram(bundle: Bundle, path: string): Promise<StoredProgram> {
  return (await import('./host/stored-program.js')).storedProgram(bundle, path);
}
