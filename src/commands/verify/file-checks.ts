// What can be said of a bundle without a reference: its structure, the values of its weights, and that it runs.
import type { AscendBundleError, Problem } from '../../base/errors.js';
import { type Bundle, checkVariables, findSubmodel, readInitialValues } from '../../formats/om/index.js';
import { findNonFinite } from '../../weights/non-finite.js';
import { type CheckFields, checkOf, count, type Outputs } from './fields.js';
import { isEqualOutputs } from './journey.js';

/** @throws FILE_MALFORMED */
export function checkStructure(bundle: Bundle): CheckFields {
  const roles = bundle.submodels.map(({ role }) => role ?? 'unknown');
  const missing = (['infer', 'update'] as const).filter((role) => findSubmodel(bundle, role) === undefined);
  const failures = [
    ...missing.map((role) => `no model is there to ${role}`),
    ...(bundle.weights.length === 0 ? ['the update model assigns no weight'] : []),
    ...[...bundle.warnings, ...checkVariables(bundle)].map(({ message }: Problem) => message),
  ];
  return checkOf({ check: 'structure', message: `${roles.join(', ')}; ${count(bundle.weights.length, 'weight')}`, failures });
}

/** Reads every initial value. @throws FILE_MALFORMED */
export function checkInitialValues(bundle: Bundle): CheckFields {
  const initial = readInitialValues(bundle);
  if (initial === undefined) return checkOf({ check: 'weights', message: 'no initial values: built without an init graph' });
  const failures = [
    ...[...initial.unknown.values()].map(({ message }) => message),
    ...initial.values.flatMap(({ weight, constant }) => {
      const found = findNonFinite(constant.tensor);
      if (found === undefined) return [];
      return [
        `weight "${weight.constName}" has ${count(found.count, 'value')} that are NaN or infinite, the first at [${found.first.join(', ')}]`,
      ];
    }),
  ];
  return checkOf({ check: 'weights', message: `${count(initial.values.length, 'initial value')} known and finite`, failures });
}

export function checkRuns(first: Outputs, second: Outputs): CheckFields {
  const failures = [
    ...first.flatMap(nonFiniteOutput),
    ...(isEqualOutputs(first, second) ? [] : ['two runs with the same inputs and weights give different outputs']),
  ];
  return checkOf({ check: 'runs', message: `twice, the same finite ${first.length === 1 ? 'output' : 'outputs'} both times`, failures });
}

export function nonFiniteOutput(output: Outputs[number]): readonly string[] {
  const found = findNonFinite(output);
  if (found === undefined) return [];
  return [
    `output "${output.name}" has ${count(found.count, 'element')} that are NaN or infinite, the first at [${found.first.join(', ')}]`,
  ];
}

/** The check that a missing backend leaves out. */
export function notRun({ message }: AscendBundleError): CheckFields {
  return checkOf({ check: 'runs', message: 'not run', failures: [message] });
}
