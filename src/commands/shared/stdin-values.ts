// Values that name stdin, by what an option takes. A pipe can be read once: that two of a command do is known before anything is read.

export const READS_STDIN = {
  /** `-` */
  path: /^-$/,
  /** `-`, `@-`, `x=@-`, `x=2x3xf32=@-` */
  tensor: /^(?:-|(?:.*=)?@-)$/s,
  /** `@-` */
  names: /^@-$/,
  /** `-`, `-:0.8`, `a.safetensors:0.5,-` */
  adapter: /(?:^|,)\s*-(?::[^,]*)?\s*(?:,|$)/,
} as const;

export type StdinForm = keyof typeof READS_STDIN;
