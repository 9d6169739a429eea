// The names that the conversion to refreshable graphs makes (om-format §5). One place, because the split makes them,
// lint looks for clashes with them, and readers find their way by them.

export const GRAPH_NAMES = { infer: 'var_infer_graph', init: 'var_init_graph', update: 'var_update_graph' } as const;

export interface GeneratedNames {
  readonly variable: string;
  readonly assign: string;
  readonly data: string;
  readonly if: string;
  readonly thenGraph: string;
  readonly thenData: string;
  readonly thenAssign: string;
  readonly elseGraph: string;
  readonly elseData: string;
  /** Of the static form of the update graph, which has no If. */
  readonly updateAssign: string;
}

export function generatedNames(constName: string): GeneratedNames {
  const variable = `${constName}_var`;
  return {
    variable,
    assign: `${constName}_assign`,
    data: `${variable}_data`,
    if: `${variable}_if`,
    thenGraph: `${variable}_then_graph`,
    thenData: `${variable}_then_data`,
    thenAssign: `${variable}_then_assign`,
    elseGraph: `${variable}_else_graph`,
    elseData: `${variable}_else_data`,
    updateAssign: `${constName}_update_assign`,
  };
}
