// The few protobuf forms that a script needs to write an ONNX model, with nothing of src/ in them.

function varint(value) {
  const out = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  return Buffer.from([...out, rest]);
}

export const int = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
/** The head of a field of `length` bytes. */
export const tagged = (field, length) => Buffer.concat([varint(field * 8 + 2), varint(length)]);
export const bytes = (field, value) => Buffer.concat([tagged(field, Buffer.byteLength(value)), Buffer.from(value)]);
