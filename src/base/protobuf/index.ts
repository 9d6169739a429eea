// Protobuf from tables of messages; follows the encoding guide of Protocol Buffers.
export { decode } from './decode.js';
export { type EncodeOptions, encode } from './encode.js';
export {
  type Int64,
  type MessageType,
  many,
  manyMessages,
  manyUnpacked,
  mapOf,
  message,
  one,
  oneMessage,
  rawFixed,
  rawVarints,
  type Unknown,
} from './schema.js';
export { type Varints, varints } from './varints.js';
