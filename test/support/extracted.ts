// The ONNX model of a bundle as a file, as the verb extract writes it.
import { openFile } from '../../src/base/open-file.js';
import { writeFilesAtomically } from '../../src/base/output-file.js';
import { onnxFiles } from '../../src/commands/extract/onnx-files.js';
import { findSubmodel, readBundle, type Submodel } from '../../src/formats/om/index.js';

/**
 * @param mostBytes  of the model, before values go into a file beside it
 * @returns the codes of the warnings
 */
export async function extractOnnx(om: string, path: string, mostBytes?: number): Promise<readonly string[]> {
  const bundle = readBundle(openFile(om), om);
  const { files, warnings } = await onnxFiles(bundle, om, findSubmodel(bundle, 'infer') as Submodel, path, mostBytes);
  await writeFilesAtomically(files);
  return warnings.map(({ code }) => code);
}
