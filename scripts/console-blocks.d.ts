export function withRealOutput(markdown: string): string;
