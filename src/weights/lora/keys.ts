// What the tensors of an adapter are called: PEFT, diffusers and Kohya. One row per spelling.

export type FactorRole = 'down' | 'up' | 'alpha';

export interface AdapterKey {
  /** The layer: `layers.0.fc`; of Kohya `down_blocks_0_attn_to_q`, whose dots are underscores. */
  readonly module: string;
  readonly role: FactorRole;
  readonly isUnderscored: boolean;
  /** The rows of an embedding are its inputs, so that its factors stand the other way round. */
  readonly isEmbedding: boolean;
}

interface KeyRow {
  readonly pattern: RegExp;
  readonly roles: Readonly<Record<string, FactorRole>>;
  readonly isEmbedding?: boolean;
}

const AB = { A: 'down', B: 'up' } as const;
const DOWN_UP = { down: 'down', up: 'up' } as const;

const ROWS: readonly KeyRow[] = [
  // PEFT writes the name of the adapter (`default`) between, unless it saves.
  { pattern: /^(.+)\.lora_(A|B)(?:\.[^.]+)?\.weight$/, roles: AB },
  { pattern: /^(.+)\.lora_embedding_(A|B)(?:\.[^.]+)?$/, roles: AB, isEmbedding: true },
  { pattern: /^(.+)\.lora_(down|up)\.weight$/, roles: DOWN_UP },
  { pattern: /^(.+)\.lora\.(down|up)\.weight$/, roles: DOWN_UP },
  { pattern: /^(.+)\.lora_linear_layer\.(down|up)\.weight$/, roles: DOWN_UP },
  { pattern: /^(.+)\.(alpha)$/, roles: { alpha: 'alpha' } },
];

/** Tensors of other methods: merging what is left without them would be another model. */
export const OTHER_METHODS: readonly (readonly [RegExp, string])[] = [
  [/lora_magnitude_vector|dora_scale/, 'DoRA, which rescales the merged weight'],
  [/lora_mid\./, 'LoRA of a kernel in three factors (CP, Tucker)'],
  [/\.hada_w\d/, 'LoHa'],
  [/\.lokr_w\d/, 'LoKr'],
  [/\.(?:diff|diff_b)$/, 'a full difference of weights'],
  [/lora_[AB].*\.bias$|\.bias$/, 'a bias, which is no product of two factors'],
];

const PEFT_PREFIX = /^base_model\.model\./;
const KOHYA_PREFIX = /^lora_(?:unet|te\d?|transformer|prior_unet|prior_te)_/;

/** Undefined for a key of none of the spellings. */
export function parseAdapterKey(key: string): AdapterKey | undefined {
  for (const { pattern, roles, isEmbedding = false } of ROWS) {
    const [, layer, part] = pattern.exec(key) ?? [];
    if (layer === undefined || part === undefined) continue;
    const isUnderscored = KOHYA_PREFIX.test(layer) && !layer.includes('.');
    const module = isUnderscored ? layer.replace(KOHYA_PREFIX, '') : layer.replace(PEFT_PREFIX, '');
    return { module, role: roles[part] as FactorRole, isUnderscored, isEmbedding };
  }
  return undefined;
}
