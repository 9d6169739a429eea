// schema: the JSON Schemas of the documents that this tool reads and writes.
import graph from '../../schemas/graph.schema.json' with { type: 'json' };
import manifest from '../../schemas/manifest.schema.json' with { type: 'json' };
import map from '../../schemas/map.schema.json' with { type: 'json' };
import result from '../../schemas/result.schema.json' with { type: 'json' };
import session from '../../schemas/session.schema.json' with { type: 'json' };
import { oneOf, optionValues } from './shared/option-values.js';
import type { Outcome, ValuesSchema, Verb } from './verb.js';

const SCHEMAS = { graph, result, session, manifest, map } as const;
type SchemaName = keyof typeof SCHEMAS;

export interface SchemaValues {
  readonly name: SchemaName;
}

const NAMES = Object.keys(SCHEMAS) as readonly SchemaName[];

const values: ValuesSchema<SchemaValues> = optionValues({ name: oneOf(NAMES, 'graph') });

export interface SchemaResult {
  readonly name: SchemaName;
  readonly schema: object;
}

export const schema: Verb<SchemaValues, SchemaResult> = {
  name: 'schema',
  summary: 'print the JSON Schema of a document',
  description: `Prints a JSON Schema (draft 2020-12): "graph" of a graph.json, "result" of what --json prints, "session" of the lines of a session, "manifest" of what build --manifest writes, "map" of a map file. Give it to an editor as "$schema", or to a validator.`,
  arguments: [{ name: 'name', help: `${NAMES.join(', ')} (default: graph)`, optional: true }],
  options: [],
  examples: ['ascend-bundle schema graph > graph.schema.json', 'ascend-bundle schema result'],
  values,
  run: async ({ name }): Promise<Outcome<SchemaResult>> => ({ result: { name, schema: SCHEMAS[name] } }),
};
