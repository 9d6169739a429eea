// Writes schemas/ from the zod schemas of src/. Run it after a change there; a test holds both equal.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const project = join(import.meta.dirname, '..');
process.chdir(project);
const contents = `
  export * as z from 'zod';
  export { graphSchema as graph } from './src/formats/graph-json/schema.js';
  export { manifestSchema as manifest } from './src/commands/shared/manifest-schema.js';
  export { sessionSchema as session } from './src/commands/session/requests.js';
  export { mapSchema as map } from './src/weights/weight-map-schema.js';
  export { resultSchema as result } from './src/cli/result-schema/index.js';
`;
const { outputFiles } = await build({
  stdin: { contents, resolveDir: project },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
});
const { z, ...schemas } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(`schemas/${name}.schema.json`, `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', reused: 'ref' }), null, 2)}\n`);
}
