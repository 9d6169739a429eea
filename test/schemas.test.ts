import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { resultSchema } from '../src/cli/result-schema/index.js';
import { sessionSchema } from '../src/commands/session/requests.js';
import { manifestSchema } from '../src/commands/shared/manifest-schema.js';
import { graphSchema } from '../src/formats/graph-json/schema.js';
import { mapSchema } from '../src/weights/weight-map-schema.js';

test.each([
  ['graph', graphSchema],
  ['result', resultSchema],
  ['session', sessionSchema],
  ['map', mapSchema],
  ['manifest', manifestSchema],
])('schemas/%s.schema.json is what its zod schema says (scripts/generate-schemas.js writes it)', (name, schema) => {
  const file = JSON.parse(readFileSync(new URL(`../schemas/${name}.schema.json`, import.meta.url), 'utf8'));
  expect(file).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input', reused: 'ref' }))));
});
