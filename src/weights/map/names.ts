// Names of one weight in different places: what frameworks, exporters and wrappers put around it does not count.

/** Wrappers that only put themselves in front; any other first part of a name may be the model's own. */
const PREFIX = /^(?:model|module|_orig_mod|base_model|base_layer|network|net|transformer|onnx|unet|text_encoder|diffusion_model)\./;
/** What GE's parser (`_Initializer_<i>`), this tool (`_var`), PEFT and TensorFlow hang on behind. */
const SUFFIX = /(?:_Initializer_\d+|_var|\.base_layer\b|:0)$/;

/** `/`, `::` and `:` as dots, in one spelling for the exporters of all frameworks. */
function dotted(name: string): string {
  return name.replaceAll(/[/:]+(?!0$)/g, '.').replace(/^\.+/, '');
}

/** The name without what is around it, `.weight` included; the same for every spelling of one weight. */
export function bareName(name: string): string {
  let bare = dotted(name);
  for (let before = ''; before !== bare; ) {
    before = bare;
    bare = bare.replace(SUFFIX, '').replace(PREFIX, '');
  }
  return bare.replace(/\.base_layer(?=\.)/, '').replace(/\.weight$/, '') || dotted(name);
}

/** Every end of a dotted name, the whole first: `a.b.c`, `b.c`, `c`. */
export function tailsOf(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, i) => parts.slice(i).join('.'));
}
