import { InputError } from '../errors.ts';
import { PLACE, type Weight } from './portable.ts';

/** The end of a weight's name, here and there. */
type NamePair = readonly [ours: string, theirs: string];

/** LoRA's matrices are parameters there, not layers. */
const loraSpellings: readonly NamePair[] = [
  [`.lora_A.${PLACE}.weight`, `.loras.${PLACE}.lora_A`],
  [`.lora_B.${PLACE}.weight`, `.loras.${PLACE}.lora_B`],
];

/** The factors of (IA)³ are the second matrix of a LoRA that multiplies. */
const factorSpellings: readonly NamePair[] = [[`.ia3_l.${PLACE}`, `.loras.${PLACE}.lora_B`]];

/** In the form of the SparseAdapter authors' code a norm comes before the bottleneck, so that this is the second module. */
const normedSpellings: readonly NamePair[] = [
  { sublayer: '.attention.output', place: 'ef_attn_adapter' },
  { sublayer: '.output', place: 'ef_ffn_adapter' },
  { sublayer: '.attention_adapters', place: 'ef_attn_adapter' },
  { sublayer: '.output_adapters', place: 'ef_ffn_adapter' },
].flatMap(({ sublayer, place }) => {
  const pair = (ours: string, theirs: string): NamePair => [
    `${sublayer}.${place}.${PLACE}.${ours}`,
    `${sublayer}.adapters.${PLACE}.${theirs}`,
  ];
  const layers = ['weight', 'bias'].flatMap((kind) => [
    pair(`adapter_layer_norm_before.${kind}`, `adapter_norm_before.${kind}`),
    pair(`down_proj.${kind}`, `adapter_down.1.${kind}`),
    pair(`up_proj.${kind}`, `adapter_up.${kind}`),
  ]);
  return [...layers, ...['scaling', 'non_linearity.f.weight'].map((name) => pair(name, name))];
});

const withEnd = (name: string, from: string, to: string): string => name.slice(0, name.length - from.length) + to;

/** The place of a prefix, which DistilBERT's has under another name. */
const [PREFIX, PREFIX_OF_DISTILBERT] = ['self_prefix', 'self'].map(
  (stack) => `prefix_tuning.prefix_tunings.${PLACE}.${stack}.`,
);

/** The name of a weight in the file of an adapter. @param modelType of the backbone */
export function hubName(adapter: string, name: string, modelType?: string): string {
  const spelling = [...loraSpellings, ...factorSpellings, ...normedSpellings].find(([ours]) => name.endsWith(ours));
  const spelled = spelling ? withEnd(name, ...spelling) : name;
  const placed = modelType === 'distilbert' ? spelled.replace(PREFIX, PREFIX_OF_DISTILBERT) : spelled;
  return placed.replace(`.${PLACE}.`, () => `.${adapter}.`);
}

/** What the names of a file depend on: whether a norm comes before bottlenecks, and whether LoRA multiplies. */
export type NameForm = 'plain' | 'normed' | 'factors';

const spellingsOf: Readonly<Record<NameForm, readonly NamePair[]>> = {
  plain: loraSpellings,
  normed: normedSpellings,
  factors: factorSpellings,
};

/** Dictionaries of older versions. */
const legacy = /\.(attention|layer)_text_(task|lang)_adapters\./;

/** Our name of a weight in the file of an adapter. */
export function ownName(adapter: string, name: string, form: NameForm): string {
  const containers = ['adapters', 'adapter_fusion_layer', 'loras', 'prefix_tunings'];
  const placed = containers
    .reduce(
      (result, container) => result.replace(`.${container}.${adapter}.`, () => `.${container}.${PLACE}.`),
      name.replace(legacy, '.adapters.'),
    )
    .replace(PREFIX_OF_DISTILBERT, PREFIX);
  // `.output` ends the name of both sublayers: that of attention is looked for first.
  const spelling = spellingsOf[form].find(([, theirs]) => placed.endsWith(theirs));
  return spelling ? withEnd(placed, spelling[1], spelling[0]) : placed;
}

/** A prefix has its tensors once at the model, and once more below each attention, which takes them from there. */
const pooled =
  /^(.*?\.)?(?:encoder|decoder|transformer)\.(?:layers?|albert_layer_groups)\.\d+\..*?\.prefix_tuning\.pool\.(?=prefix_tunings\.)/;

/**
 * The weights of a file with each tensor of a prefix once, under the name that it has at the model.
 *
 * @throws InputError if copies differ
 */
export function withoutPools(label: string, weights: readonly Weight[]): Weight[] {
  const result = new Map<string, Weight>();
  const isCopy = (weight: Weight): boolean => pooled.test(weight.name);
  for (const weight of [...weights].sort((a, b) => Number(isCopy(a)) - Number(isCopy(b)))) {
    const name = weight.name.replace(pooled, '$1prefix_tuning.');
    const known = isCopy(weight) ? result.get(name) : undefined;
    if (known?.values.some((value, i) => value !== weight.values[i])) {
      throw new InputError(
        `${label}: "${weight.name}" is a copy of "${name}" and has other values; the file is damaged.`,
      );
    }
    if (!known) result.set(name, { ...weight, name });
  }
  return [...result.values()];
}

/**
 * The norm before a bottleneck and the slope of its activation are in a file twice: by themselves, and as modules of `adapter_down`. The
 * second one counts where the first is not there.
 *
 * @param isNormed whether bottlenecks have such a norm
 */
export function firstCopy(weight: Weight, all: readonly Weight[], isNormed: boolean): Weight[] {
  const unsloped = weight.name.replace(/\.adapter_down\.[12]\.f\.weight$/, '.non_linearity.f.weight');
  const name = isNormed ? unsloped.replace(/\.adapter_down\.0\.(weight|bias)$/, '.adapter_norm_before.$1') : unsloped;
  if (name === weight.name) return [weight];
  return all.some((other) => other.name === name) ? [] : [{ ...weight, name }];
}

/** The weights of a file with those that it has twice. */
export function withCopies(weights: readonly Weight[]): Weight[] {
  const isNormed = weights.some(({ name }) => /\.adapter_norm_before\.\w+$/.test(name));
  return weights.flatMap((weight) => {
    const second = weight.name
      .replace(/\.adapter_norm_before\.(\w+)$/, '.adapter_down.0.$1')
      .replace(/\.non_linearity\.f\.weight$/, `.adapter_down.${isNormed ? 2 : 1}.f.weight`);
    return second === weight.name ? [weight] : [weight, { ...weight, name: second }];
  });
}
