// The build in the native process.
import { basename } from 'node:path';
import { openFile } from '../../../base/open-file.js';
import { decode } from '../../../base/protobuf/index.js';
import { ModelDef } from '../../../formats/encodings/ge-model.js';
import type { Native } from '../native/native.js';
import type { Releases } from '../native/releases.js';
import type { BuildJob, BuildReply } from './build-job.js';
import { driveBuild } from './drive.js';
import { writeGraphFiles } from './graph-file.js';
import { restoreParsedGraph } from './parsed-graph.js';

/**
 * @param step  says what is done now
 * @param releases  gets what ends GE when the bundle has been taken
 * @throws LIBRARY_UNUSABLE, SYMBOL_MISSING, NATIVE_CALL, CONST_NOT_FOUND, FILE_IO
 */
export async function runBuild(native: Native, job: BuildJob, step: (step: string) => void, releases: Releases): Promise<BuildReply> {
  native.libraries.open('build');
  if (job.source.kind === 'onnx') native.libraries.open('onnx');
  return driveBuild(native, job, {
    step,
    atEnd: (work) => releases.add(work),
    async restore({ saved, restored, names }) {
      const model = decode(ModelDef, openFile(saved), basename(saved));
      const { model: graph, outside } = restoreParsedGraph(model, names);
      await writeGraphFiles(restored, graph, { outside });
    },
  });
}
