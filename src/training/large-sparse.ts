import { type Adapter, type AdapterSet, type AdapterSettings, completeSettings, familyOf } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { budgetsOf } from '../pruning/index.ts';
import type { PruningChoice } from './pruning-choice.ts';
import type { RunSettings } from './settings-table.ts';

/** The options that say how wide an adapter is inside. A flat prefix has no network inside, there it is the length. */
function widthOptions(config: AdapterSettings): string[] {
  if (familyOf(config.kind).hasWidth === false) return [];
  const all = ['bottleneck', 'rank', config.prefixFlat ? 'prefixLength' : 'prefixBottleneck'];
  return all.filter((option) => typeof config[option] === 'number');
}

/** The options that give some layers another width: `0=32`. */
const widthPatterns = (config: AdapterSettings): [option: string, entries: readonly string[]][] =>
  ['bottleneckPattern', 'rankPattern'].flatMap((option) =>
    config[option] === undefined ? [] : [[option, config[option] as readonly string[]]],
  );

const times = (factor: number) => (entry: string) => entry.replace(/[^=]*$/, (width) => String(factor * Number(width)));

/**
 * The adapter of a Large-Sparse setting (SparseAdapter, section 3.1): the same one, `factor` times as wide.
 *
 * @throws InputError for a family without a width, and a factor that is no whole number above 1
 */
export function widened(adapter: AdapterSettings, factor: number): AdapterSettings {
  if (!Number.isSafeInteger(factor) || factor < 2) {
    throw new InputError(`Large-Sparse needs a whole number above 1, not ${factor}: how many times as wide.`);
  }
  const config = completeSettings(adapter);
  const wider = widthOptions(config);
  if (wider.length === 0) {
    throw new InputError(
      `The adapter '${adapter.kind}' has no width, so it has no Large-Sparse setting; give a sparsity.`,
    );
  }
  return {
    ...adapter,
    ...Object.fromEntries(wider.map((option) => [option, factor * Number(config[option])])),
    ...Object.fromEntries(widthPatterns(config).map(([option, entries]) => [option, entries.map(times(factor))])),
  };
}

/** The adapter that a run builds: that of the settings, or a wider one of the Large-Sparse setting. @throws InputError as {@link widened} */
export const builtAdapter = ({
  adapter,
  largeSparse,
}: Pick<RunSettings, 'adapter' | 'largeSparse'>): AdapterSettings =>
  largeSparse === undefined ? adapter : widened(adapter, largeSparse);

/**
 * The sparsity of the settings. That of Large-Sparse is the one at which exactly as many weights are kept as the narrow, dense
 * adapter has in these matrices. They are counted, as not every matrix of every family grows with the width; where all do it is
 * 1 - 1/k.
 *
 * @param adapter the wide one
 * @param parameters those of its matrices that are pruned
 * @param narrow the settings of the narrow adapter, which is built beside the others for a moment
 * @returns for Large-Sparse also the number of weights of the narrow adapter
 * @throws InputError if whole numbers of weights per matrix cannot have this sum
 */
export function sparsityFor(
  adapters: AdapterSet,
  { name }: Adapter,
  parameters: readonly Parameter[],
  narrow: AdapterSettings,
  { method, sparsity: asked, scope }: Pick<PruningChoice, 'method' | 'sparsity' | 'scope'>,
): { readonly sparsity: number; readonly dense?: number } {
  if (asked !== undefined) return { sparsity: asked };
  const twin = adapters.add('narrow-twin', narrow);
  const nameInTwin = (parameter: Parameter) =>
    parameter.name
      .split('.')
      .map((part) => (part === name ? twin.name : part))
      .join('.');
  const pruned = new Set(parameters.map(nameInTwin));
  const size = (all: readonly Parameter[]) => all.reduce((sum, parameter) => sum + parameter.size, 0);
  const dense = size(twin.prunable.filter((parameter) => pruned.has(parameter.name)));
  twin.detach();
  const sparsity = 1 - dense / size(parameters);
  const shapes = parameters.map(({ shape }) => shape);
  const budgets = budgetsOf(shapes, sparsity, scope, method.densities);
  const kept = size(parameters) - budgets.reduce((sum, { removed }) => sum + removed, 0);
  if (kept === dense) return { sparsity, dense };
  throw new InputError(
    `Large-Sparse: scope '${scope}' would keep ${kept} weights and not ${dense}, those of the narrow adapter; take scope 'global'.`,
  );
}
