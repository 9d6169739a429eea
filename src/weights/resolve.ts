// A parsed value of the command line → the tensor itself, as lazily as its source allows.
import { memoryBytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { shortSpelling } from '../graph/dtype-spelling.js';
import { type Element, encodeElements, isFloat } from '../graph/elements.js';
import { repeatedBytes } from '../graph/fill.js';
import { hasRandom, randomBytes } from '../graph/random.js';
import {
  describeSpec,
  elementCount,
  hasUnknownRank,
  isStatic,
  type Shape,
  type Tensor,
  type TensorSpec,
  tensorBytes,
} from '../graph/tensor.js';
import { forThe } from './context.js';
import { parseElement } from './elements-text.js';
import { requireFit } from './fit.js';
import { randomChoice } from './random-choice.js';
import { openTensorFile, pickTensor, rawTensor } from './read.js';
import { shown } from './shown.js';
import type { ParsedValue } from './value-syntax.js';

export interface ResolveOptions {
  /** What the value is for, the start of messages: `Input "x"`. */
  readonly what: string;
  /** Whose spec it is: `the bundle`. */
  readonly owner: string;
}

/**
 * The tensor of a value. A file says its dtype and shape itself, and raw bytes and bare numbers take the spec's.
 * The result may still not be what the spec wants: see `resolveTensor`.
 *
 * @throws VALUE_SYNTAX, TENSOR_MISMATCH, TENSOR_NOT_FOUND, and the errors of files with `what` in front
 */
export function loadTensor(value: ParsedValue, spec: TensorSpec, { what, owner }: ResolveOptions): Tensor {
  const { declared, content } = value;
  // What the user declares must be what the bundle has: raw bytes would otherwise be taken for something else.
  if (declared !== undefined) requireFit(`${what} (${value.text.split('=@')[0]})`, declared, spec, owner);
  const { dtype, shape } = declared ?? spec;
  const wanted: TensorSpec = { dtype, shape };
  switch (content.kind) {
    case 'file': {
      const tensor = forThe(what, () => loadFile(content.path, value.name, wanted));
      if (declared !== undefined) requireFit(`${what} in ${content.path}`, tensor, declared, `"${shown(value.text)}"`);
      return tensor;
    }
    case 'values':
      return inlineTensor(content.tokens, wanted, what);
    case 'splat':
      requireStatic(wanted, `splat:${content.token}`, what);
      return {
        ...wanted,
        data: repeatedBytes(encodeTokens([content.token], wanted, what), tensorBytes(wanted.dtype, wanted.shape)),
      };
    case 'random':
      requireStatic(wanted, `rand:${content.seed}`, what);
      return randomTensor(wanted, content.seed);
  }
}

/**
 * The same, and what is not of the spec's dtype and shape is refused; a dimension −1 takes any size.
 *
 * @throws TENSOR_MISMATCH, and as `loadTensor`
 */
export function resolveTensor(value: ParsedValue, spec: TensorSpec, options: ResolveOptions): Tensor {
  const tensor = loadTensor(value, spec, options);
  const source = value.content.kind === 'file' ? ` in ${value.content.path}` : '';
  requireFit(`${options.what}${source}`, tensor, spec, options.owner);
  return tensor;
}

function loadFile(path: string, name: string | undefined, spec: TensorSpec): Tensor {
  const file = openTensorFile(path);
  if (file.kind === 'npy') return file.tensor;
  if (file.kind === 'raw') return rawTensor(file.bytes, spec, file.path);
  const isNamed = file.tensors.some((tensor) => tensor.name === name);
  // Whoever writes x=@w.npz where w.npz has one array means that array, whatever its name.
  return pickTensor(file.tensors, isNamed || file.tensors.length !== 1 ? name : undefined, file.path);
}

function inlineTensor(tokens: readonly string[], spec: TensorSpec, what: string): Tensor {
  const shape = inlineShape(tokens.length, spec.shape);
  if (shape === undefined) {
    const count = isStatic(spec.shape) ? ` of ${elementCount(spec.shape)} elements` : '';
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `${what} is given ${tokens.length} ${tokens.length === 1 ? 'value' : 'values'}; it is ${describeSpec(spec)}${count}.`,
      fix: !isStatic(spec.shape)
        ? openShapeFix(tokens.length, spec)
        : tokens.length === 1
          ? `Give all of them, or splat:${tokens[0]} to repeat the one.`
          : 'Give all of them, in row-major order.',
    });
  }
  return { ...spec, shape, data: memoryBytes(encodeTokens(tokens, spec, what)) };
}

function openShapeFix(count: number, { dtype, shape }: TensorSpec): string {
  const spelling = shortSpelling(dtype);
  if (hasUnknownRank(shape)) return `Write the shape before the values: ${count}x${spelling}=…`;
  const known = shape.filter((dim) => dim >= 0);
  if (known.length === shape.length - 1) return `Give a multiple of ${elementCount(known)} values.`;
  return `Write the shape before the values, with a size for each N: ${[...shape.map((dim) => (dim < 0 ? 'N' : dim)), spelling].join('x')}=…`;
}

/** The shape that this many values fill; one unknown dimension is computed. */
function inlineShape(count: number, shape: Shape): Shape | undefined {
  if (isStatic(shape)) return elementCount(shape) === count ? shape : undefined;
  const known = shape.filter((dim) => dim >= 0);
  if (shape.some((dim) => dim < -1) || known.length !== shape.length - 1) return undefined;
  const missing = count / elementCount(known);
  return Number.isInteger(missing) ? shape.map((dim) => (dim < 0 ? missing : dim)) : undefined;
}

function encodeTokens(tokens: readonly string[], { dtype }: TensorSpec, what: string): Uint8Array {
  const values = tokens.map((token) => parseElement(dtype, token));
  return encodeElements(dtype, values as readonly Element[], (index, why) => {
    throw new AscendBundleError('VALUE_SYNTAX', {
      message: `${what}: value ${index + 1}, ${shown(tokens[index] ?? '')}, ${why}.`,
      fix: isFloat(dtype) ? 'Write numbers such as 1, -0.5, 1e-3, nan, inf.' : `Write values that ${dtype.name} has.`,
    });
  });
}

/** Float elements are uniform in [-1, 1); integers are 0 or 1 and bools false or true, which are valid as indices and as masks. */
function randomTensor(spec: TensorSpec, seed: number): Tensor {
  const data = hasRandom(spec.dtype) ? randomBytes(spec.dtype, spec.shape, seed) : randomChoice(spec.dtype, spec.shape, seed);
  return { ...spec, data };
}

function requireStatic(spec: TensorSpec, value: string, what: string): void {
  if (isStatic(spec.shape)) return;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${what} is ${describeSpec(spec)}, whose size is open, so that ${value} does not say how many elements to make.`,
    fix: `Write the shape before it: 1x3x${shortSpelling(spec.dtype)}=${value}`,
  });
}
