import { InputError } from '../errors.ts';
import { layersOf } from '../models/attachments.ts';
import { isHeadParameter } from '../models/heads.ts';
import { type Parameter, Snapshot } from '../nn/index.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type AdapterUse, assertFitsMemory, assertNames } from './build-checks.ts';
import {
  type AdapterComposition,
  actsEverywhere,
  endsSublayer,
  namesIn,
  resultAt,
  transformAt,
} from './composition.ts';
import type { AdaptableModel, AdapterParts, AdapterSettings, Chain, PrunableMatrices } from './family.ts';
import { withoutLayers } from './leave-out.ts';
import { completeSettings, configOf, familyOf } from './registry.ts';
import { WeightSwap } from './weight-swap.ts';

/** An adapter of a model. */
export interface Adapter {
  readonly name: string;
  /** Complete. */
  readonly settings: AdapterSettings;
  /** The parameters that are trained with it, in the order of the attachment points. */
  readonly parameters: readonly Parameter[];
  /** The weight matrices that pruning may remove weights from: never biases or norms. */
  readonly prunable: readonly Parameter[];
  /** The same by their part in the adapter: `bottleneck`, `lora` and the like. */
  readonly prunableMatrices: PrunableMatrices;
  /** The same as they act one after the other; every one is in one chain. */
  readonly chains: readonly Chain[];
  /** A term that training adds to the loss, or null. */
  readonly regularizer: (() => Tensor) | null;
  /** Its modules by attachment point. */
  readonly parts: AdapterParts;
  /** Removes it and its parameters from the model. A second call does nothing. */
  detach(): void;
}

interface Entry {
  readonly adapter: Adapter;
  /** The parameters that it brought. */
  readonly own: readonly Parameter[];
  /** Adapters whose parts it uses. */
  readonly uses: ReadonlySet<string>;
}

/**
 * The adapters of one model: any number by name, of which a composition is active. Activating changes what is attached to the
 * model's points and no weight, so an earlier output comes back to the last bit.
 */
export class AdapterSet {
  readonly #model: AdaptableModel;
  readonly #entries = new Map<string, Entry>();
  #active: AdapterComposition = null;
  /** The values that the active composition uses instead of the backbone's own. */
  #weights: WeightSwap | null = null;
  #merged: { readonly name: string; readonly weights: WeightSwap } | null = null;

  /** @throws Error if something is attached to the model already */
  constructor(model: AdaptableModel) {
    const taken = allPoints(model).find(({ attached }) => attached !== null);
    if (taken)
      throw new Error(`${taken.name} has an adapter already; use the AdapterSet that it belongs to, or detach it.`);
    this.#model = model;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  get active(): AdapterComposition {
    return this.#active;
  }

  /** Returns the parameters of the adapters: those that they brought, and those of the backbone that they train. */
  parameters(): Parameter[] {
    return [...new Set([...this.#entries.values()].flatMap(({ adapter, own }) => [...own, ...adapter.parameters]))];
  }

  /** @throws InputError if there is none of this name */
  get(name: string): Adapter {
    return this.#entry(name).adapter;
  }

  /**
   * Builds an adapter; it acts once it is activated.
   *
   * @param name part of the names of its parameters
   * @throws InputError for bad settings, a size that does not fit into memory, a name with a dot, one that is taken, and one that modules of the model have
   */
  add(name: string, settings: AdapterSettings, use: AdapterUse = {}): Adapter {
    if (!/^[^.\s]+$/.test(name))
      throw new InputError(`'${name}' cannot name an adapter: it is empty or has a dot or space.`);
    if (this.#entries.has(name)) throw new InputError(`There is an adapter '${name}' already; remove it first.`);
    const complete = completeSettings(settings);
    const { parts, own, uses } = this.#build(name, complete, use);
    const chains = Object.values(parts.chains).flat();
    const adapter: Adapter = {
      name,
      settings: complete,
      parameters: parts.parameters ?? own,
      prunable: chains.flat(),
      prunableMatrices: Object.fromEntries(Object.entries(parts.chains).map(([part, own]) => [part, own.flat()])),
      chains,
      regularizer: parts.regularizer ?? null,
      parts,
      detach: () => {
        if (this.#entries.get(name)?.adapter === adapter) this.remove(name);
      },
    };
    this.#entries.set(name, { adapter, own, uses });
    return adapter;
  }

  /** Builds the parts of an adapter. What they keep must not hold on to the parameters of all others: thousands of adapters would. */
  #build(
    name: string,
    settings: AdapterSettings,
    use: AdapterUse,
  ): Omit<Entry, 'adapter'> & { readonly parts: AdapterParts } {
    const { root } = this.#model;
    const points = withoutLayers(this.#model.points, (settings.leaveOut ?? []) as readonly number[]);
    const before = this.#model.parameters();
    const made = madeSince(this.#model, before);
    const uses = new Set<string>();
    try {
      const parts = familyOf(settings.kind).build(
        {
          name,
          points,
          layers: layersOf(this.#model.points),
          at: (place) => root.withoutSource().deferring().at(place),
          backbone: this.#backboneIn(before),
          partsOf: (other) => {
            const { parts } = this.get(other);
            uses.add(other);
            return parts;
          },
        },
        configOf(settings),
      );
      const own = made();
      assertNames(name, own);
      use.check?.(own);
      assertFitsMemory(settings, own, parts, before, use);
      if (!use.isLoaded) for (const parameter of own) parameter.materialize();
      return { parts, own, uses };
    } catch (error) {
      const own = made();
      for (const parameter of own) parameter.dispose();
      root.remove(own);
      throw error;
    }
  }

  #backboneIn(parameters: readonly Parameter[]): Parameter[] {
    const adapted = new Set([...this.#entries.values()].flatMap(({ own }) => own));
    return parameters.filter((parameter) => !adapted.has(parameter) && !isHeadParameter(parameter));
  }

  /** Makes the model compute with these adapters and no others; null with none. @throws InputError for an unknown name */
  activate(composition: AdapterComposition): void {
    const weights = this.#weightsOf(composition);
    if (weights !== this.#weights) {
      this.#weights?.swap();
      weights?.swap();
      this.#weights = weights;
    }
    this.#active = composition;
    this.#attach();
  }

  /** The model computes without adapters, as it did before; they stay. */
  deactivate(): void {
    this.activate(null);
  }

  /** Removes an adapter and its parameters; if it was active, none is then. @throws InputError if another one uses it */
  remove(name: string): void {
    const { own, adapter } = this.#entry(name);
    const user = [...this.#entries.values()].find(({ uses }) => uses.has(name));
    if (user) throw new InputError(`The adapter '${user.adapter.name}' uses '${name}'; remove it first.`);
    if (this.#merged?.name === name) this.unmerge();
    if (namesIn(this.#active).includes(name)) this.deactivate();
    this.#entries.delete(name);
    adapter.parts.weights?.dispose();
    this.#model.root.remove(own);
  }

  /**
   * Adds what an adapter does to the weights of the backbone, so that the model computes with it at the cost of none; activating
   * others comes on top. The earlier values are kept, as they are stored, for {@link unmerge}.
   *
   * @throws InputError if the adapter is of a family that cannot be merged, or one is merged already
   */
  merge(name: string): void {
    const { mergedWeights, weights: replaced } = this.get(name).parts;
    if (!mergedWeights)
      throw new InputError(`The adapter '${name}' cannot be merged: it is no change of the backbone's weights.`);
    if (this.#merged) throw new InputError(`The adapter '${this.#merged.name}' is merged already; unmerge it first.`);
    if (replaced && replaced !== this.#weights)
      throw new InputError(
        `The adapter '${name}' trains weights of the backbone, too; activate it before it is merged.`,
      );
    if (this.#weights && this.#weights !== replaced)
      throw new InputError('The weights of the backbone are those of an adapter; deactivate it first.');
    const weights = tidy(() => new WeightSwap(mergedWeights()));
    weights.swap();
    this.#merged = { name, weights };
    this.#attach();
  }

  /** Restores the backbone's own weights, bit for bit. Without a merged adapter it does nothing. */
  unmerge(): void {
    if (!this.#merged) return;
    this.#merged.weights.swap();
    this.#merged.weights.dispose();
    this.#merged = null;
    this.#attach();
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    throw new InputError(`There is no adapter '${name}'; there are: ${this.names.join(', ') || 'none'}.`);
  }

  /** The backbone's values that a composition needs in place. @throws InputError if they cannot be */
  #weightsOf(composition: AdapterComposition): WeightSwap | null {
    const named = namesIn(composition).filter((name) => this.get(name).parts.weights);
    if (named.length === 0) return null;
    const [name, other] = named;
    const fail = (problem: string) =>
      new InputError(`The adapter '${name}' replaces the weights of the backbone, ${problem}.`);
    if (other !== undefined) throw fail(`and so does '${other}'; activate one of them`);
    if (!actsEverywhere(composition, name)) throw fail('so it acts in all sequences or in none');
    if (this.#merged) throw fail(`into which '${this.#merged.name}' is merged; unmerge it first`);
    return this.get(name).parts.weights ?? null;
  }

  /**
   * Replaces an adapter by one that computes the same without what only its training needs: a prefix without the network that its
   * rows came from. Name and activity stay.
   *
   * @throws InputError if there is nothing to leave out, or another adapter uses this one
   */
  eject(name: string): Adapter {
    const adapter = this.get(name);
    const { ejected } = adapter.parts;
    if (!ejected) throw new InputError(`The adapter '${name}' has nothing to eject: all of it computes.`);
    const kept = new Map(adapter.parameters.map((parameter) => [parameter.name, parameter.snapshot()]));
    const options = tidy(() => {
      const { options, values } = ejected();
      for (const [parameter, value] of values) kept.set(parameter, new Snapshot(value, null, value.size));
      return options;
    });
    const active = this.#active;
    try {
      this.remove(name);
      const smaller = this.add(name, { ...adapter.settings, ...options });
      for (const parameter of smaller.parameters) {
        const known = kept.get(parameter.name);
        if (!known) throw new Error(`Ejecting '${name}' left ${parameter.name} without a value.`);
        parameter.restore(known);
      }
      this.activate(active);
      return smaller;
    } finally {
      for (const snapshot of kept.values()) snapshot.dispose();
    }
  }

  /** Fills every point with what the composition does there. */
  #attach(): void {
    const { residual, projection, attention, positions = [], prompts = [], embedding = [] } = this.#model.points;
    const partsOf = (name: string): AdapterParts => this.get(name).parts;
    const unlessMerged = (name: string) => (name === this.#merged?.name ? null : partsOf(name));
    for (const point of residual) {
      const moduleOf = (name: string) => partsOf(name).residual?.get(point);
      point.isEnded = endsSublayer(this.#active, moduleOf);
      point.attached = (point.isEnded ? resultAt : transformAt)(this.#active, point, moduleOf);
    }
    for (const point of projection) {
      point.attached = transformAt(this.#active, point, (name) => unlessMerged(name)?.projection?.get(point));
    }
    for (const point of attention) {
      point.attached = transformAt(this.#active, point, (name) => partsOf(name).attention?.get(point));
    }
    for (const point of positions) {
      point.attached = transformAt(this.#active, point, (name) => partsOf(name).positions?.get(point));
    }
    for (const point of prompts) {
      point.attached = transformAt(this.#active, point, (name) => partsOf(name).prompts?.get(point));
    }
    for (const point of embedding) {
      point.attached = transformAt(this.#active, point, (name) => unlessMerged(name)?.embedding?.get(point));
    }
  }
}

/** Returns what gives the parameters that a model has beside those of before. */
function madeSince(model: AdaptableModel, before: readonly Parameter[]): () => Parameter[] {
  const known = new Set(before);
  return () => model.parameters().filter((parameter) => !known.has(parameter));
}

const allPoints = ({ points }: AdaptableModel) => [
  ...points.residual,
  ...points.projection,
  ...points.attention,
  ...(points.positions ?? []),
  ...(points.prompts ?? []),
  ...(points.embedding ?? []),
];

/**
 * Attaches one adapter to a model that has none, and activates it.
 *
 * @throws InputError for bad settings
 * @throws Error if the model has an adapter
 */
export function attachAdapter(model: AdaptableModel, settings: AdapterSettings, name = 'default'): Adapter {
  const adapters = new AdapterSet(model);
  const adapter = adapters.add(name, settings);
  adapters.activate(name);
  return adapter;
}
