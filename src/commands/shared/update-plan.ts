// What `--update` and `--lora` do to the weights of a bundle, read and checked.
import { AscendBundleError } from '../../base/errors.js';
import { type Bundle, findSubmodel, readInitialValues } from '../../formats/om/index.js';
import type { Tensor } from '../../graph/tensor.js';
import { openAdapter } from '../../weights/lora/adapter.js';
import { type LoraPlan, planWithAdapters } from '../../weights/lora/plan.js';
import { parseAdapterSpecs } from '../../weights/lora/spec.js';
import { COMMAND_LINE } from '../../weights/option-names.js';
import { readUpdates } from '../../weights/updates.js';
import type { Io, OptionRow } from '../verb.js';

export interface UpdateValues {
  readonly update: readonly string[];
  readonly lora: readonly string[];
  readonly map?: string | undefined;
  readonly cast: boolean;
  readonly strict?: boolean;
  readonly ignoreExtra: boolean;
}

export const LORA_OPTION: OptionRow = {
  flags: '--lora <file[:scale]>',
  help: 'a LoRA adapter (PEFT, Kohya) to merge into the weights; several add up: a.safetensors:0.8,b.safetensors:0.3',
  repeat: true,
  stdin: 'adapter',
};

/**
 * Undefined where nothing is given. Its `lateWarnings` are the caller's to tell.
 *
 * @throws as `readUpdates`, `openAdapter` and `planWithAdapters`
 */
export async function readUpdatePlan(
  bundle: Bundle,
  { update, lora, map: mapPath, ...options }: UpdateValues,
  io: Pick<Io, 'warn'>,
): Promise<LoraPlan | undefined> {
  if (update.length === 0 && lora.length === 0) return undefined;
  const map = mapPath === undefined ? undefined : (await import('../../weights/weight-map.js')).readWeightMap(mapPath);
  const adapters = parseAdapterSpecs(lora).map(openAdapter);
  // Without built-in values there is nothing that a static update graph could be given again.
  const isStatic = findSubmodel(bundle, 'init') === undefined && bundle.weights.some(({ isConditional }) => !isConditional);
  const given = await readUpdates(update, bundle.weights, { map });
  const current = adapters.length === 0 ? () => undefined : initialValues(bundle);
  const plan = planWithAdapters(bundle.weights, given, { adapters, map, current }, { ...options, isStatic, names: COMMAND_LINE });
  for (const warning of plan.warnings) io.warn(warning);
  return plan;
}

function initialValues(bundle: Bundle): (name: string) => Tensor | undefined {
  const values = new Map(readInitialValues(bundle)?.values.map(({ weight, constant }) => [weight.constName, constant.tensor]));
  return (name) => values.get(name);
}

/** @throws USAGE for options without anything that they are for */
export function refuseIdleUpdateOptions({ update, lora, map, cast, strict = false, ignoreExtra }: UpdateValues): void {
  const fail = (option: string, fix: string): never => {
    throw new AscendBundleError('USAGE', { message: `${option} is for the tensors of an update, and none is given.`, fix });
  };
  // An adapter gives weights that are there already, in their own dtype and by names that are not those of weights.
  const ofEither = Object.entries({ '--map': map !== undefined, '--strict': strict });
  const ofTensors = Object.entries({ '--cast': cast, '--ignore-extra': ignoreExtra });
  for (const [option, isGiven] of ofEither)
    if (isGiven && update.length + lora.length === 0) fail(option, 'Give it with --update or --lora.');
  for (const [option, isGiven] of ofTensors) if (isGiven && update.length === 0) fail(option, 'Give it with --update.');
}
