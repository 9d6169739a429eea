// TASK_INFO: what a compiled model asks of the device. The tasks themselves are launch records of one chip and are only counted.
// Source: om-format §1.6 (domi.ModelTaskDef).
import type { Bytes } from '../../base/bytes.js';
import { decode, encode, type Int64, type MessageType, many, mapOf, message, one, type Unknown } from '../../base/protobuf/index.js';

export interface ModelTaskDef extends Unknown {
  version?: string;
  attr?: Map<string, string>;
  task?: Bytes[];
  memorySize?: Int64;
  streamNum?: number;
  eventNum?: number;
  weightSize?: Int64;
  op?: Bytes[];
  baseAddr?: Int64;
  weightAddr?: Int64;
  batchNum?: number;
}

/** All its fields, so that what is read and written again keeps their order. */
export const ModelTaskDef: MessageType<ModelTaskDef> = message<ModelTaskDef>('ModelTaskDef', {
  version: one(1, 'string'),
  attr: mapOf(9, 'string'),
  task: many(10, 'bytes'),
  memorySize: one(11, 'uint64'),
  streamNum: one(12, 'uint32'),
  eventNum: one(13, 'uint32'),
  weightSize: one(14, 'uint64'),
  op: many(15, 'bytes'),
  baseAddr: one(16, 'uint64'),
  weightAddr: one(17, 'uint64'),
  batchNum: one(18, 'uint32'),
});

export interface TaskInfo {
  /** Work memory; what `aclmdlQuerySize` gives. */
  readonly memorySize: number;
  readonly weightSize: number;
  readonly streamNum: number;
  readonly eventNum: number;
  readonly taskCount: number;
}

/** @throws FILE_MALFORMED */
export function readTaskInfo(partition: Bytes, what: string): TaskInfo {
  const { task = [], memorySize = 0, weightSize = 0, streamNum = 0, eventNum = 0 } = decode(ModelTaskDef, partition, what);
  return { memorySize: Number(memorySize), weightSize: Number(weightSize), streamNum, eventNum, taskCount: task.length };
}

/** A TASK_INFO partition without tasks, which a loader needs and a host backend has no use for. */
export function writeTaskInfo({ memorySize, weightSize }: Pick<TaskInfo, 'memorySize' | 'weightSize'>): Bytes {
  return encode(ModelTaskDef, { ...(memorySize === 0 ? {} : { memorySize }), ...(weightSize === 0 ? {} : { weightSize }) });
}
