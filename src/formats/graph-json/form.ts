// The form of a graph.json against its schema: zod's findings in words that name the field and the way out.
import type { z } from 'zod';
import type { JsonPath } from '../../base/json-text.js';
import type { Problems } from './problems.js';
import { DATA_FORMS, ELEMENT_SCHEMAS, GRAPH_SCHEMA_ID, graphSchema } from './schema.js';

type Issue = z.core.$ZodIssue;
type Json = unknown;

/**
 * Reports everything that is not as the schema says.
 *
 * @returns whether the part at a path (an element of `nodes`, …) is as the schema says
 */
export function checkForm(json: Json, problems: Problems): (path: JsonPath) => boolean {
  const result = graphSchema.safeParse(json);
  if (result.success) return () => true;
  for (const issue of result.error.issues) report(issue, json, problems);
  const broken = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
  return (path) => !broken.some((at) => path.every((step, i) => at[i] === step) || at.every((step, i) => path[i] === step));
}

function report(issue: Issue, json: Json, problems: Problems): void {
  const { path } = issue;
  const value = valueAt(json, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) {
        const fix = problems.suggest(key, () => knownFields(path), 'Take it out, or correct its name.');
        problems.add([...path, key], `The field "${key}" is not known.`, fix);
      }
      return;
    case 'invalid_value': {
      const names = issue.values.map(String);
      if (names[0] === GRAPH_SCHEMA_ID) return problems.add(path, `The schema is ${show(value)}; this version reads "${GRAPH_SCHEMA_ID}".`);
      if (value === undefined) return problems.add(path, `${fieldOf(path)} is missing.`, 'Add it; it is a numpy name such as "float32".');
      const fix = problems.suggest(
        String(value),
        () => names,
        'Use a numpy name: float32, float16, bfloat16, int32, int64, uint8, bool, …',
      );
      return problems.add(path, `${show(value)} is not a dtype.`, fix);
    }
    case 'invalid_union':
      return reportUnion(issue, value, problems);
    default:
      return problems.add(path, sentence(issue, value), value === undefined ? 'Add it.' : undefined);
  }
}

function knownFields(path: JsonPath): string[] {
  if (path.length === 0) return Object.keys(graphSchema.shape);
  const list = path[0] as keyof typeof ELEMENT_SCHEMAS;
  return path.length === 2 && Object.hasOwn(ELEMENT_SCHEMAS, list) ? Object.keys(ELEMENT_SCHEMAS[list].shape) : [];
}

/** Says which of the forms was meant, where that can be told. */
function reportUnion(issue: Extract<Issue, { code: 'invalid_union' }>, value: Json, problems: Problems): void {
  const { path } = issue;
  const field = path.at(-1);
  if (value === undefined) return problems.add(path, `${fieldOf(path)} is missing.`, 'Add it.');
  if (field === 'data') {
    const form = Object.entries(DATA_FORMS).find(([key]) => typeof value === 'object' && value !== null && key in value)?.[1];
    const inner = form?.safeParse(value).error?.issues ?? [];
    for (const one of inner) report({ ...one, path: [...path, ...one.path] }, nest(path, value), problems);
    if (inner.length > 0) return;
    return problems.add(
      path,
      `The data of a const cannot be ${describe(value)}.`,
      'Give numbers nested as the shape says, {"file": …}, {"fill": …} or {"random": seed}.',
    );
  }
  const forms: Record<string, [string, string]> = {
    inputs: ['The inputs of a node', 'Give a list of refs in the order of the prototype, or an object from input names to refs.'],
    attrs: ['An attribute', 'Give a number, a string, true, false, or a list of them.'],
    outputs: ['An output', 'Give a ref such as "add" or "split:1", or {"name": …, "value": ref}.'],
  };
  const part = path[0] === 'nodes' ? path[2] : path[0];
  const [what, fix] = forms[String(part)] ?? [fieldOf(path), undefined];
  problems.add(path, `${what} cannot be ${describe(value)}.`, fix);
}

function sentence(issue: Issue, value: Json): string {
  const field = fieldOf(issue.path);
  if (value === undefined) return `${field} is missing.`;
  switch (issue.code) {
    case 'invalid_type':
      return `${field} is ${describe(value)}; it must be ${WORDS[issue.expected] ?? issue.expected}.`;
    case 'too_small':
      if (issue.origin === 'string') return `${field} is empty.`;
      return issue.origin === 'array'
        ? `${field} is empty; at least one is needed.`
        : `${field} is ${show(value)}; it must be ${issue.minimum} or more.`;
    case 'too_big':
      return issue.origin === 'array'
        ? `${field} has more than ${issue.maximum} elements.`
        : `${field} is ${show(value)}, which is too large.`;
    default:
      return `${field}: ${issue.message}.`;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  number: 'a number',
  int: 'a whole number',
};

/** `The field "shape"`, `Element 2 of "shape"`. */
function fieldOf(path: JsonPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'The file';
  if (typeof last !== 'number') return `The field "${String(last)}"`;
  const list = path.at(-2);
  return `Element ${last} of ${list === undefined ? 'the list' : `"${String(list)}"`}`;
}

function describe(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : show(value);
}

function show(value: Json): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(json: Json, path: JsonPath): Json {
  let value = json;
  for (const step of path) value = Object.hasOwn(Object(value) as object, step) ? (value as Record<PropertyKey, Json>)[step] : undefined;
  return value;
}

/** A document that has `value` at `path`. */
function nest(path: JsonPath, value: Json): Json {
  return path.reduceRight<Json>((inner, step) => ({ [step]: inner }), value);
}
