import { methodSettings, type PruningMethod, pruningMethodOf, pruningSettings } from '../pruning/index.ts';
import { type GivenOf, type OptionValue, parseGiven, refuseWithoutEffect, withDefaults } from '../settings/index.ts';
import { defaultOf, type RunSettings } from './settings-table.ts';

/** The settings that say what adapter is built and how it is pruned. */
export type AdapterChoice = Pick<RunSettings, 'adapter' | keyof ReturnType<typeof pruningSettings>>;

/** Complete settings of pruning, with the options of the method. */
export interface PruningChoice {
  readonly method: PruningMethod;
  /** Undefined for Large-Sparse: it follows from the widths. */
  readonly sparsity: number | undefined;
  readonly scope: NonNullable<RunSettings['pruningScope']>;
  readonly targets: string;
  readonly iterations: number;
  readonly control: RunSettings['pruningControl'];
  readonly examples: number;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Returns the pruning that settings ask for; null for none. */
export function pruningOf(settings: AdapterChoice): PruningChoice | null {
  if (settings.pruning === 'none') return null;
  const method = pruningMethodOf(settings.pruning);
  const values = settings as unknown as Readonly<Record<string, OptionValue | undefined>>;
  const options = Object.keys(method.options).flatMap((key) => {
    const value = values[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    method,
    sparsity: settings.largeSparse === undefined ? (settings.sparsity ?? defaultOf('sparsity')) : undefined,
    scope: settings.pruningScope ?? defaultOf('pruningScope'),
    targets: settings.pruningTargets ?? defaultOf('pruningTargets'),
    iterations: settings.pruningIterations ?? method.iterations,
    control: settings.pruningControl,
    examples: settings.pruningExamples ?? defaultOf('pruningExamples'),
    options: Object.fromEntries(options),
  };
}

/** Returns settings without all that says how the adapter is pruned. */
export function unpruned(settings: RunSettings): RunSettings {
  const own = new Set(Object.keys({ ...pruningSettings(), ...methodSettings() }));
  const rest = Object.entries(settings).filter(([key]) => !own.has(key));
  return { ...(Object.fromEntries(rest) as unknown as RunSettings), pruning: 'none' };
}

/** The settings of pruning as they are given. */
export type GivenPruning = Omit<
  GivenOf<ReturnType<typeof pruningSettings> & ReturnType<typeof methodSettings>>,
  'pruning'
> & {
  /** A pruning method. Default: that of the SparseAdapter paper. */
  readonly method?: string;
};

/** Returns the settings of pruning with their defaults. @throws InputError for one that is unknown, without effect, or wrong */
export function prunedAs(settings: GivenPruning): Partial<RunSettings> {
  const table = { ...pruningSettings(), ...methodSettings() };
  const { pruning, ...others } = table;
  const { method = defaultOf('pruning'), ...rest } = parseGiven({ method: pruning, ...others }, settings, 'prune');
  const name = String(method);
  const given = { ...rest, pruning: name };
  const choices = { pruning: { name, by: 'method', value: name } };
  refuseWithoutEffect(table, given, choices);
  return withDefaults(table, given, choices, { pruningIterations: pruningMethodOf(name).iterations });
}
