// A JSON Schema is printed as it is.
import type { SchemaResult } from '../../commands/schema.js';

export function schemaText({ schema }: SchemaResult): string {
  return JSON.stringify(schema, null, 2);
}
