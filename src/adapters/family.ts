import { InputError } from '../errors.ts';
import type {
  AttachmentPoints,
  AttentionPoint,
  AttentionSite,
  EmbeddingPoint,
  KeysAndValues,
  LookUp,
  PositionPoint,
  Projection,
  ProjectionPoint,
  Prompt,
  PromptPoint,
  ResidualPoint,
  Sublayer,
} from '../models/index.ts';
import type { Parameter, ParameterPath } from '../nn/index.ts';
import {
  type ConfigOf,
  completeOptions,
  factsOf,
  type OptionTable,
  type OptionValue,
  shown,
  type Writer,
} from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSwap } from './weight-swap.ts';

/** A model as adapters see it: its attachment points and its parameters. */
export interface AdaptableModel {
  readonly points: AttachmentPoints;
  /** The root of the parameter names. */
  readonly root: ParameterPath;
  parameters(): Parameter[];
}

/** The part of an adapter that changes the value of one attachment point. */
export interface AdapterModule<Value, Site> {
  forward(value: Value, site: Site): Value;
}

/** A part at the end of a sublayer: from h to h'. */
export interface ResidualModule extends AdapterModule<Tensor, Sublayer> {
  /** Whether its result is that of the sublayer, to which no residual connection and norm follow. Default false. */
  readonly endsSublayer?: boolean;
}
/** A part at a linear layer: from y to y'. */
export type ProjectionModule = AdapterModule<Tensor, Projection>;
/** A part at an attention: from its keys and values to others. */
export type AttentionModule = AdapterModule<KeysAndValues, AttentionSite>;
/** A part at the embeddings: from the positions of tokens to others. */
export type PositionModule = AdapterModule<Int32Array, AttentionSite>;
/** A part before the tokens: from what stands there in each sequence to more. */
export type PromptModule = AdapterModule<readonly (readonly Prompt[])[], AttentionSite>;
/** A part at a table of embeddings: from its rows to others. */
export type EmbeddingModule = AdapterModule<Tensor, LookUp>;

/**
 * Weight matrices [out, in] that act one after the other, the first first: never biases or norms. The first may be a table whose
 * rows the next one reads.
 */
export type Chain = readonly Parameter[];

/** The weight matrices of an adapter that pruning may remove weights from, by their part in it. */
export type PrunableMatrices = Readonly<Record<string, readonly Parameter[]>>;

/** What a pass is of which numbers are counted. */
export interface HeldPass {
  readonly sequences: number;
  /** Whether gradients are computed, for which all of the forward pass stays. */
  readonly isTrained: boolean;
}

/** An adapter as its family builds it: modules at attachment points, and what there is to know of its weights. */
export interface AdapterParts {
  readonly residual?: ReadonlyMap<ResidualPoint, ResidualModule>;
  readonly projection?: ReadonlyMap<ProjectionPoint, ProjectionModule>;
  readonly attention?: ReadonlyMap<AttentionPoint, AttentionModule>;
  readonly positions?: ReadonlyMap<PositionPoint, PositionModule>;
  readonly prompts?: ReadonlyMap<PromptPoint, PromptModule>;
  readonly embedding?: ReadonlyMap<EmbeddingPoint, EmbeddingModule>;
  /** The weight matrices that pruning may remove weights from; keys are `bottleneck`, `lora` and the like. */
  readonly chains: Readonly<Record<string, readonly Chain[]>>;
  /** The parameters that are trained and stored, if they are not those that were made while building. */
  readonly parameters?: readonly Parameter[];
  /** Those of them that are stored but not trained. */
  readonly fixed?: readonly Parameter[];
  /** Weights of the backbone that parameters are added to: pruning scores the sums. */
  readonly base?: ReadonlyMap<Parameter, Parameter>;
  /** Weights of the backbone that do what the projection and embedding modules do. */
  readonly mergedWeights?: () => ReadonlyMap<Parameter, Tensor>;
  /** Values of the backbone that are in place while the adapter is active. */
  readonly weights?: WeightSwap;
  /** How many numbers every pass computes, whatever the batch is. */
  readonly computed?: number;
  /** How many numbers a pass holds at one moment, at least, whatever the lengths of the sequences are. */
  readonly held?: (pass: HeldPass) => number;
  /** A term that training adds to the loss. */
  readonly regularizer?: () => Tensor;
  /** Returns what the same function needs once it is trained, if that is less. */
  readonly ejected?: () => Ejected;
}

/** An adapter without what only its training needs. */
export interface Ejected {
  /** Options that differ. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Values of the parameters that they bring, by name; the others keep theirs. */
  readonly values: ReadonlyMap<string, Tensor>;
}

/** The context in which a family builds an adapter. */
export interface BuildContext {
  /** The name of the adapter, a part of its parameters' names. */
  readonly name: string;
  readonly points: AttachmentPoints;
  /** The paths of all layers of the model, those left out too. */
  readonly layers: readonly string[];
  /** A place in the tree of parameter names, where new parameters are initialised. */
  at(place: string): ParameterPath;
  /** Every parameter of the pretrained encoder: no head, no adapter. */
  readonly backbone: readonly Parameter[];
  /** The parts of another adapter of the model, which then cannot be removed before this one. @throws InputError if there is none */
  partsOf(name: string): AdapterParts;
}

/** A kind of adapter with its options: plain JSON. */
export interface AdapterSettings {
  readonly kind: string;
  readonly [option: string]: OptionValue;
}

export interface FamilyDefinition<Table extends OptionTable> {
  /** The name in configurations and on the command line. */
  readonly kind: string;
  /** One line for the help. */
  readonly summary: string;
  readonly options: Table;
  /** False for a family that has no weights to prune. Default true. */
  readonly hasPrunable?: boolean;
  /** False for a family whose `rank` counts weights of a matrix that never grows, so that none is wider than another. Default true. */
  readonly hasWidth?: boolean;
  /** True for a family that files bring and that is not offered for training. Default false. */
  readonly isOnlyLoaded?: boolean;
  /** False for one that is pruned only when a method is given. Default true. */
  readonly isPrunedByDefault?: boolean;
  /** Defaults that follow from other options. */
  defaultsFor?(given: Partial<ConfigOf<Table>>): Partial<ConfigOf<Table>>;
  /** Options that others leave without effect, each with the one that does. */
  withoutEffect?(config: ConfigOf<Table>): { readonly [Key in keyof ConfigOf<Table>]?: keyof ConfigOf<Table> };
  /** The name and what matters most, for tables: `lora 8`. */
  title(config: ConfigOf<Table>): string;
  /** @throws InputError for a configuration that does not fit the model */
  build(context: BuildContext, config: ConfigOf<Table>): AdapterParts;
}

/** A kind of adapter: what its options are and how it is built. */
export interface Family<Table extends OptionTable = OptionTable> extends FamilyDefinition<Table> {
  /**
   * Returns an adapter of this kind with these options, as in `lora({ rank: 8 })`; the others get their defaults when it is built.
   *
   * @throws InputError for an unknown option or a value that it does not accept
   */
  (given?: Partial<ConfigOf<Table>>): AdapterSettings;
  /**
   * Settings with all options: those given, and defaults.
   *
   * @param use.pruned whether the adapter is to be pruned at initialisation. Some initialisations are all zeros somewhere, so that
   * scores cannot tell weights apart; then another one is the default.
   * @throws InputError for an unknown option or a value that it does not accept
   */
  configure(given?: Partial<ConfigOf<Table>>, use?: { readonly pruned?: boolean }): AdapterSettings;
  /**
   * Refuses options that others leave without effect. One that is at its default is taken for one that was not given, as complete
   * settings have all.
   *
   * @param write how options are called in the message
   * @throws InputError naming the first, and what `configure` throws
   */
  refuseWithoutEffect(given: Partial<ConfigOf<Table>>, write?: Writer): void;
}

export function defineFamily<const Table extends OptionTable>(definition: FamilyDefinition<Table>): Family<Table> {
  const { kind, options: table } = definition;
  const onlyGiven = (options: Partial<ConfigOf<Table>>) =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as typeof options;
  const configure: Family<Table>['configure'] = (options = {}, { pruned = false } = {}) => {
    const given = onlyGiven(options);
    const implied = definition.defaultsFor?.(given) ?? {};
    const config = completeOptions(kind, table, { ...implied, ...given }, (facts) =>
      pruned ? (facts.whenPruned ?? facts.default) : facts.default,
    );
    return { kind, ...config };
  };
  const refuseWithoutEffect: Family<Table>['refuseWithoutEffect'] = (given, write = (key) => key) => {
    const { kind: _, ...config } = configure(given);
    for (const [key, by] of Object.entries(definition.withoutEffect?.(config as ConfigOf<Table>) ?? {})) {
      if (config[key] !== factsOf(table[key]).default)
        throw new InputError(`${kind}: ${write(key)} has no effect with ${write(String(by))}.`);
    }
  };
  const settings = (options: Partial<ConfigOf<Table>> = {}): AdapterSettings => {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new TypeError(`${kind}: its options must be an object, not ${shown(options)}.`);
    }
    refuseWithoutEffect(options); // says what else is wrong, too
    return { kind, ...onlyGiven(options) } as AdapterSettings;
  };
  return Object.assign(settings, definition, { configure, refuseWithoutEffect });
}
