// The schema of what is known of a failure in the vendor's libraries; see NativeDetails.
import * as z from 'zod';

export const nativeDetails = z.strictObject({
  call: z.string().nullable().describe('the function that failed, or was under way'),
  arguments: z.record(z.string(), z.unknown()).describe('by parameter; addresses as names'),
  family: z.enum(['graphStatus', 'aclError']).nullable(),
  status: z.int().nullable(),
  name: z.string().nullable().describe('of the status'),
  text: z.string().nullable().describe('what the vendor says'),
  log: z.array(z.string()).describe('the first error lines of its log, or the last lines it printed'),
  signal: z.string().nullable().describe('what ended the process'),
  folder: z.string().nullable().describe('where its logs were kept'),
});
