// The verbs by name. Each is a chunk of its own, loaded only when it is asked for.
import type { Verb } from '../commands/verb.js';
import type { Style } from './style.js';

// biome-ignore lint/suspicious/noExplicitAny: the table holds verbs of different values; each pair below is checked where it is made.
export interface LoadedVerb<V = any, R = any> {
  readonly verb: Verb<V, R>;
  readonly text: (result: R, style: Style) => string;
}

export interface VerbEntry {
  /** One word, or two of which the first is in `VERB_GROUPS`. */
  readonly name: string;
  readonly summary: string;
  /** It runs models in this process, on the host. */
  readonly runsModels?: true;
  load(): Promise<LoadedVerb>;
}

function pair<V, R>(verb: Verb<V, R>, text: (result: R, style: Style) => string): LoadedVerb<V, R> {
  return { verb, text };
}

/** First words of verbs of two words, with what they have in common. */
export const VERB_GROUPS: Readonly<Record<string, string>> = {
  weights: 'look at files of weights, and find out which tensor is which weight',
};

export const VERBS: readonly VerbEntry[] = [
  {
    name: 'build',
    summary: 'make a weight-updatable bundle from a graph and a list of constants',
    load: async () => pair((await import('../commands/build.js')).build, (await import('./text/build.js')).buildText),
  },
  {
    name: 'run',
    summary: 'run a bundle: init, then update, then inference',
    runsModels: true,
    load: async () => pair((await import('../commands/run.js')).run, (await import('./text/run.js')).runText),
  },
  {
    name: 'patch',
    summary: 'give a bundle new initial weights, without compiling',
    load: async () => pair((await import('../commands/patch.js')).patch, (await import('./text/patch.js')).patchText),
  },
  {
    name: 'extract',
    summary: 'write a part of a bundle to a file: the weights, a model, a graph',
    load: async () => pair((await import('../commands/extract.js')).extract, (await import('./text/extract.js')).extractText),
  },
  {
    name: 'verify',
    summary: 'prove that a bundle does what it should',
    runsModels: true,
    load: async () => pair((await import('../commands/verify.js')).verify, (await import('./text/verify.js')).verifyText),
  },
  {
    name: 'predict',
    summary: 'say what an NPU must give for a graph, and how far off it may be',
    runsModels: true,
    load: async () => pair((await import('../commands/predict.js')).predict, (await import('./text/predict.js')).predictText),
  },
  {
    name: 'diff',
    summary: 'say where two bundles, models, graphs or files of weights differ',
    load: async () => pair((await import('../commands/diff.js')).diff, (await import('./text/diff.js')).diffText),
  },
  {
    name: 'inspect',
    summary: 'show what is inside a bundle, a model or a graph',
    load: async () => pair((await import('../commands/inspect.js')).inspect, (await import('./text/inspect.js')).inspectText),
  },
  {
    name: 'consts',
    summary: 'list the constants that can be made updatable',
    load: async () => pair((await import('../commands/consts.js')).consts, (await import('./text/consts.js')).constsText),
  },
  {
    name: 'lint',
    summary: 'say what speaks against the weights of a graph, without building',
    load: async () => pair((await import('../commands/lint.js')).lint, (await import('./text/lint.js')).lintText),
  },
  {
    name: 'weights check',
    summary: 'look at files of weights, and whether a bundle takes them',
    load: async () =>
      pair((await import('../commands/weights-check.js')).weightsCheck, (await import('./text/weights-check.js')).weightsCheckText),
  },
  {
    name: 'weights map',
    summary: 'find out which tensor of a checkpoint is which weight',
    load: async () => pair((await import('../commands/weights-map.js')).weightsMap, (await import('./text/weights-map.js')).weightsMapText),
  },
  {
    name: 'session',
    summary: 'keep a bundle open and answer JSON requests, one a line',
    runsModels: true,
    load: async () => pair((await import('../commands/session.js')).session, () => ''),
  },
  {
    name: 'doctor',
    summary: 'say what works on this machine, and what mends the rest',
    runsModels: true,
    load: async () => pair((await import('../commands/doctor.js')).doctor, (await import('./text/doctor.js')).doctorText),
  },
  {
    name: 'targets',
    summary: 'list the chips that --soc-version names',
    load: async () => pair((await import('../commands/targets.js')).targets, (await import('./text/targets.js')).targetsText),
  },
  {
    name: 'explain',
    summary: 'say what an error code means, of CANN or of this tool',
    load: async () => pair((await import('../commands/explain.js')).explain, (await import('./text/explain.js')).explainText),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a document',
    load: async () => pair((await import('../commands/schema.js')).schema, (await import('./text/schema.js')).schemaText),
  },
];
