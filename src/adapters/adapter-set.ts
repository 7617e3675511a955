import { InputError } from '../errors.ts';
import { isHeadParameter } from '../models/heads.ts';
import type { Parameter } from '../nn/index.ts';
import { memory } from '../tensor/memory.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { actsEverywhere, type Composition, namesIn, transformAt } from './composition.ts';
import type { AdaptableModel, AdapterParts, AdapterSettings, PrunableMatrices } from './family.ts';
import { withoutLayers } from './leave-out.ts';
import { completeSettings, configOf, familyOf } from './registry.ts';
import { WeightSwap } from './weight-swap.ts';

/** An adapter of a model. */
export interface Adapter {
  readonly name: string;
  /** Complete. */
  readonly settings: AdapterSettings;
  /** What is trained with it, in the order of the attachment points. */
  readonly parameters: readonly Parameter[];
  /** The weight matrices that pruning may remove weights from: never biases or norms. */
  readonly prunable: readonly Parameter[];
  /** The same by the part they play: `bottleneck`, `lora` and the like. */
  readonly prunableMatrices: PrunableMatrices;
  /** The prunable matrices that act one behind the other in one module, the first first; every one is in one chain. */
  readonly chains: readonly (readonly Parameter[])[];
  /** A term that training adds to the loss, or null. */
  readonly regularizer: (() => Tensor) | null;
  /** Its modules by attachment point. */
  readonly parts: AdapterParts;
  /** Takes it off the model, its parameters too. A second call does nothing. */
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
  #active: Composition = null;
  /** What the active composition has put in place of the backbone's own values. */
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

  get active(): Composition {
    return this.#active;
  }

  /** What the adapters consist of: the parameters that they brought, and those of the backbone that they train. */
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
   * @throws InputError for bad settings, a name with a dot, one that is taken, and one that modules of the model have
   */
  add(name: string, settings: AdapterSettings): Adapter {
    if (!/^[^.\s]+$/.test(name))
      throw new InputError(`'${name}' cannot name an adapter: it is empty or has a dot or space.`);
    if (this.#entries.has(name)) throw new InputError(`There is an adapter '${name}' already; remove it first.`);
    const complete = completeSettings(settings);
    const { root } = this.#model;
    const points = withoutLayers(this.#model.points, (complete.leaveOut ?? []) as readonly number[]);
    const before = new Set(this.#model.parameters());
    const adapted = new Set([...this.#entries.values()].flatMap(({ own }) => own));
    const uses = new Set<string>();
    const made = () => this.#model.parameters().filter((parameter) => !before.has(parameter));
    let parts: AdapterParts;
    try {
      parts = familyOf(complete.kind).build(
        {
          name,
          points,
          at: (place) => root.withoutSource().deferring().at(place),
          backbone: [...before].filter((parameter) => !adapted.has(parameter) && !isHeadParameter(parameter)),
          partsOf: (other) => {
            const { parts } = this.get(other);
            uses.add(other);
            return parts;
          },
        },
        configOf(complete),
      );
      checkNames(name, made());
      checkSize(complete, made());
      for (const parameter of made()) parameter.materialize();
    } catch (error) {
      for (const parameter of made()) parameter.dispose();
      root.remove(made());
      throw error;
    }
    const own = made();
    const adapter: Adapter = {
      name,
      settings: complete,
      parameters: parts.parameters ?? own,
      prunable: Object.values(parts.prunable).flat(),
      prunableMatrices: parts.prunable,
      chains: chainsOf(name, parts.prunable, allPoints(this.#model)),
      regularizer: parts.regularizer ?? null,
      parts,
      detach: () => {
        if (this.#entries.get(name)?.adapter === adapter) this.remove(name);
      },
    };
    this.#entries.set(name, { adapter, own, uses });
    return adapter;
  }

  /** Makes the model compute with these adapters and no others; null with none. @throws InputError for an unknown name */
  activate(composition: Composition): void {
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
    const { mergedWeights } = this.get(name).parts;
    if (!mergedWeights)
      throw new InputError(`The adapter '${name}' cannot be merged: it is no change of the backbone's weights.`);
    if (this.#merged) throw new InputError(`The adapter '${this.#merged.name}' is merged already; unmerge it first.`);
    if (this.#weights)
      throw new InputError('The weights of the backbone are those of an adapter; deactivate it first.');
    const weights = tidy(() => new WeightSwap(mergedWeights()));
    weights.swap();
    this.#merged = { name, weights };
    this.#attach();
  }

  /** Gives the backbone its own weights back, bit for bit. Without a merged adapter it does nothing. */
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
  #weightsOf(composition: Composition): WeightSwap | null {
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
    const numbers = new Map(
      adapter.parameters.map(({ name, value, mask }) => [name, [value.dataSync(), mask?.dataSync() ?? null] as const]),
    );
    const options = tidy(() => {
      const { options, values } = ejected();
      for (const [parameter, value] of values) numbers.set(parameter, [value.dataSync(), null]);
      return options;
    });
    const active = this.#active;
    this.remove(name);
    const smaller = this.add(name, { ...adapter.settings, ...options });
    for (const parameter of smaller.parameters) {
      const known = numbers.get(parameter.name);
      if (!known) throw new Error(`Ejecting '${name}' left ${parameter.name} without a value.`);
      parameter.load(...known);
    }
    this.activate(active);
    return smaller;
  }

  /** Fills every point with what the composition does there. */
  #attach(): void {
    const { residual, projection, attention } = this.#model.points;
    const partsOf = (name: string): AdapterParts => this.get(name).parts;
    for (const point of residual) {
      point.attached = transformAt(this.#active, point, (name) => partsOf(name).residual?.get(point));
    }
    for (const point of projection) {
      point.attached = transformAt(this.#active, point, (name) =>
        name === this.#merged?.name ? undefined : partsOf(name).projection?.get(point),
      );
    }
    for (const point of attention) {
      point.attached = transformAt(this.#active, point, (name) => partsOf(name).attention?.get(point));
    }
  }
}

/** What 32-bit addresses reach: the memory of the fast backend. */
const MOST_BYTES = 2 ** 32;
const inGiB = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** @throws InputError naming the option that makes the adapter larger than the memory that is left, before any of it is taken */
function checkSize({ kind, ...options }: AdapterSettings, parameters: readonly Parameter[]): void {
  const needed = parameters.reduce((sum, { size }) => sum + Float32Array.BYTES_PER_ELEMENT * size, 0);
  const left = MOST_BYTES - memory().bytes;
  if (needed <= left) return;
  const sizes = Object.entries(options).filter(([, value]) => Number.isSafeInteger(value));
  const [name, value] = sizes.reduce((a, b) => (Number(b[1]) > Number(a[1]) ? b : a), ['the size', '']);
  throw new InputError(
    `${kind}: ${`${name} ${value}`.trim()} makes weights of ${inGiB(needed)}, and ${inGiB(left)} of memory are left; lower ${name}.`,
  );
}

/** So that another name can be put in its place. @throws InputError unless the name is one part of each parameter's name */
function checkNames(name: string, parameters: readonly Parameter[]): void {
  for (const parameter of parameters) {
    const count = parameter.name.split('.').filter((part) => part === name).length;
    if (count > 1) throw new InputError(`'${name}' cannot name an adapter: ${parameter.name} has it twice.`);
    if (count === 0) throw new Error(`${parameter.name} must contain '${name}', the name of its adapter.`);
  }
}

const allPoints = ({ points }: AdaptableModel) => [...points.residual, ...points.projection, ...points.attention];

/** Parts whose matrices read the same vector side by side. Those of the others act one behind the other. */
const sideBySide: ReadonlySet<string> = new Set(['fusion']);

/**
 * Matrices [out, in] of one part in one module form a chain as long as each reads as many numbers as come out of the one before it.
 * A module is what lies at one attachment point, or elsewhere what has the same component behind the adapter's name; there a chain
 * may begin with a table whose rows the next matrix reads.
 */
function chainsOf(adapter: string, prunable: PrunableMatrices, points: readonly { readonly name: string }[]) {
  const moduleOf = ({ name }: Parameter) => {
    const around = points.map((point) => point.name).filter((point) => name.startsWith(`${point}.`));
    const parts = name.split('.');
    const elsewhere = parts.slice(0, parts.indexOf(adapter) + 2).join('.');
    return {
      path: around.reduce((longest, point) => (point.length > longest.length ? point : longest), '') || elsewhere,
      mayHaveTable: around.length === 0,
    };
  };
  const chains: Parameter[][] = [];
  for (const [part, matrices] of Object.entries(prunable)) {
    let chain: Parameter[] = [];
    let module = '';
    for (const matrix of matrices) {
      const { path, mayHaveTable } = moduleOf(matrix);
      const [out, inner] = chain.at(-1)?.shape ?? [];
      const [, read] = matrix.shape;
      const fits = read === out || (mayHaveTable && chain.length === 1 && read === inner);
      if (path !== module || !fits || sideBySide.has(part)) {
        chain = [];
        chains.push(chain);
      }
      chain.push(matrix);
      module = path;
    }
  }
  return chains;
}

/** Sets of parts that pruning may remove weights from. */
const prunableSets: Readonly<Record<string, (part: string) => boolean>> = {
  all: () => true,
  repo: (part) => part === 'bottleneck' || part === 'lora',
};

/** Whether a part, or the name of a matrix of it, is meant by one entry of a list; see {@link prunableIn}. */
function meantBy(entry: string): (part: string, name: string) => boolean {
  if (Object.hasOwn(prunableSets, entry)) return prunableSets[entry];
  if (!entry.includes('*')) return (part) => part === entry;
  const pieces = entry.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^${pieces.join('.*')}$`);
  return (_part, name) => pattern.test(name);
}

/**
 * The weight matrices of an adapter that pruning may remove weights from.
 *
 * @param which a list with commas: `all`, `repo` (those that the SparseAdapter authors' code prunes: bottlenecks and LoRA), parts
 * such as `bottleneck`, and names of parameters in which `*` stands for anything, such as `*.layer.0.*`
 * @throws InputError if there are none for an entry of the list
 */
export function prunableIn({ settings, prunableMatrices, prunable }: Adapter, which: string): Parameter[] {
  const parts = Object.entries(prunableMatrices);
  const chosen = new Set<Parameter>();
  for (const entry of which.split(',').map((text) => text.trim())) {
    const isMeant = meantBy(entry);
    const found = parts.flatMap(([part, matrices]) => matrices.filter(({ name }) => isMeant(part, name)));
    if (found.length === 0) {
      const there =
        parts.length > 0 ? `its parts are: ${parts.map(([part]) => part).join(', ')}` : 'it has none at all';
      throw new InputError(
        `The adapter '${settings.kind}' has no weights to prune in '${entry}'; ${there}. Name another part, or train it without pruning.`,
      );
    }
    for (const parameter of found) chosen.add(parameter);
  }
  return prunable.filter((parameter) => chosen.has(parameter));
}

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

/**
 * Makes every parameter a constant but those of the adapter and those that `isTrained` names, by default the task head.
 */
export function freezeBackbone(
  model: AdaptableModel,
  adapter: Adapter,
  isTrained: (parameter: Parameter) => boolean = isHeadParameter,
): void {
  const adapted = new Set(adapter.parameters);
  for (const parameter of model.parameters()) parameter.trainable = adapted.has(parameter) || isTrained(parameter);
}
