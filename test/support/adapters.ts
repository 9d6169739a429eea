// LoRA adapters for tests: factors with values by a seed, the file as PEFT or Kohya write it, and the merge as a plain sum in doubles.
import { writeFileSync } from 'node:fs';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { decodeElements } from '../../src/graph/elements.js';
import type { NamedTensor, Tensor } from '../../src/graph/tensor.js';
import { named, tensorOf } from './tensors.js';

/** Numbers in (-1, 1) that no dtype holds exactly, from a linear congruence. */
export function numbers(count: number, seed: number): number[] {
  let state = seed * 2654435761 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

export function randomTensor(dtype: string, shape: readonly number[], seed: number): Tensor {
  return tensorOf(
    dtype,
    shape,
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  );
}

export function saveTensors(path: string, tensors: readonly NamedTensor[]): string {
  writeFileSync(path, writeSafetensors(tensors).read());
  return path;
}

export function peftPair(module: string, down: Tensor, up: Tensor): readonly NamedTensor[] {
  const name = (part: string) => `base_model.model.${module}.lora_${part}.weight`;
  return [named(name('A'), down), named(name('B'), up)];
}

export function kohyaPair(module: string, down: Tensor, up: Tensor, alpha?: number): readonly NamedTensor[] {
  const name = `lora_unet_${module.replaceAll('.', '_')}`;
  const pair = [named(`${name}.lora_down.weight`, down), named(`${name}.lora_up.weight`, up)];
  return alpha === undefined ? pair : [...pair, named(`${name}.alpha`, tensorOf('float32', [], [alpha]))];
}

export interface Product {
  readonly down: Tensor;
  readonly up: Tensor;
  readonly scale: number;
}

/** W + Σ scale · (up · down) in doubles, [out, in·kernel]; `isTransposed` for a W that is stored [in, out]. */
export function mergedInDoubles(base: Tensor, products: readonly Product[], isTransposed = false): number[] {
  const out = decodeElements(base).map(Number);
  for (const { down, up, scale } of products) {
    const [a, b] = [decodeElements(down).map(Number), decodeElements(up).map(Number)];
    const rank = down.shape[0] as number;
    const columns = a.length / rank;
    const rows = b.length / rank;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += (b[i * rank + k] as number) * (a[k * columns + j] as number);
        const place = isTransposed ? j * rows + i : i * columns + j;
        out[place] = (out[place] as number) + scale * sum;
      }
    }
  }
  return out;
}
