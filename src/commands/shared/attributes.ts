// What the compiler of a bundle or a model said of itself and its target.
import { type Bundle, findSubmodel, type OmModel } from '../../formats/om/index.js';

/** `atc_cmdline` is not among them: it holds paths of the user who compiled. */
const SHOWN_ATTRIBUTES = [
  'soc_version',
  'arch_type',
  'opp_version',
  'atc_version',
  'compiler_version',
  'host_env_os',
  'host_env_cpu',
  'framework_type',
];

/** @throws FILE_MALFORMED */
export function modelAttributes({ def }: OmModel): Readonly<Record<string, string>> {
  const shown = SHOWN_ATTRIBUTES.map((name) => [name, def.attr?.get(name)?.s ?? ''] as const);
  return Object.fromEntries(shown.filter(([, value]) => value !== ''));
}

/** @throws FILE_MALFORMED */
export function bundleAttributes(bundle: Bundle): Readonly<Record<string, string>> {
  // GE packs host libraries into the update graph alone, so that graph says which host they are for.
  const models = [findSubmodel(bundle, 'update'), findSubmodel(bundle, 'infer')];
  return Object.fromEntries(models.flatMap((model) => (model === undefined ? [] : Object.entries(modelAttributes(model)))));
}
