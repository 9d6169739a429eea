// Which libraries an install of the stand-in has, from which sources, and what they need: one row per library.
// Sources: cann-api.md §1.1 (build side) and §3 (run side).

/** `8.1`: one libascendcl for everything that runs. `9.2`: libacl_rt and libacl_mdl, and libascendcl in front of both. */
export type CannLayout = '8.1' | '9.2';

export interface LibraryRow {
  readonly name: string;
  /** Sources of ./src without their ending. */
  readonly sources: readonly string[];
  readonly needs: readonly string[];
}

const ACL_RT = ['acl_error', 'acl_rt'];
const ACL_MDL = ['acl_mdl', 'acl_load', 'acl_execute'];
/** The calls with memory of the caller's, from 9.0 on. */
const ACL_9 = ['acl_memory'];

const COMMON: readonly LibraryRow[] = [
  { name: 'liberror_manager.so', sources: ['error_manager'], needs: [] },
  { name: 'libgraph_base.so', sources: ['graph_base'], needs: [] },
  { name: 'libgraph.so', sources: ['graph', 'graph_model', 'op_rules'], needs: ['libgraph_base.so', 'liberror_manager.so'] },
  { name: 'libge_common.so', sources: ['options'], needs: ['libgraph.so', 'libgraph_base.so', 'liberror_manager.so'] },
  {
    name: 'libge_compiler.so',
    sources: ['ge_compiler', 'convert', 'compile', 'bundle_file'],
    needs: ['libge_common.so', 'libgraph.so', 'libgraph_base.so', 'liberror_manager.so'],
  },
  {
    name: 'libfmk_onnx_parser.so',
    sources: ['onnx_parser'],
    needs: ['libge_common.so', 'libgraph.so', 'libgraph_base.so', 'liberror_manager.so'],
  },
];

export const LIBRARIES: Readonly<Record<CannLayout, readonly LibraryRow[]>> = {
  '8.1': [
    ...COMMON,
    { name: 'libascendcl.so', sources: [...ACL_RT, ...ACL_MDL], needs: ['libgraph.so', 'libgraph_base.so', 'liberror_manager.so'] },
  ],
  '9.2': [
    ...COMMON,
    { name: 'libacl_rt.so', sources: ACL_RT, needs: ['liberror_manager.so'] },
    {
      name: 'libacl_mdl.so',
      sources: [...ACL_MDL, ...ACL_9],
      needs: ['libacl_rt.so', 'libgraph.so', 'libgraph_base.so', 'liberror_manager.so'],
    },
    { name: 'libascendcl.so', sources: [], needs: ['libacl_rt.so', 'libacl_mdl.so'] },
  ],
};

/** What `devlib` has in place of the real ones. */
export const DEVLIB = ['libascendcl.so', 'libge_compiler.so', 'libgraph.so', 'libgraph_base.so', 'libfmk_onnx_parser.so'];

/** Sources whose code differs between the layouts. */
export const BY_LAYOUT: ReadonlySet<string> = new Set(['error_manager']);
