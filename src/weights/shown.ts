// Text of the command line as messages show it: a list of a thousand numbers would hide what is said about it.

export function shown(text: string, most = 60): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
