// node:zlib, loaded when an archive is read or written: most verbs know of archives, and few meet one. Saves them a millisecond.

export function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}
