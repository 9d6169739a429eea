export function withRealOutput(markdown: string): string;
export const DOCUMENTS: readonly string[];
