import { type Command, Option } from 'commander';
import { familyOf } from '../adapters/index.ts';
import { pruningIterations, pruningMethodOf, pruningMethods, pruningScopes } from '../pruning/index.ts';
import { type PruningSettings, pruningDefaults, type RunSettings } from '../training/index.ts';
import { addDeclaredOptions, checkDeclaredAgreement, declaredValues, summaries } from './declared-options.ts';
import { UsageError } from './errors.ts';
import { isExplicit, positiveInteger, rejectExplicit, sparsity, textOf, widthFactor } from './options.ts';

/** How many weights are removed, and from where. */
interface SparsityFlags {
  readonly sparsity?: number;
  readonly largeSparse?: number;
  readonly scope: PruningSettings['scope'];
  readonly prunable: string;
}

/** The options of pruning, beside those that the methods declare. */
export interface PruningFlags extends SparsityFlags {
  readonly pruning: string;
  readonly pruningIterations?: number;
  readonly pruningExamples: number;
}

/** What each option would have been in given settings; undefined where it has no meaning. */
export const pruningFlagOf: {
  readonly [Flag in keyof PruningFlags]-?: (settings: RunSettings) => PruningFlags[Flag] | undefined;
} = {
  pruning: ({ pruning }) => pruning?.method ?? 'none',
  sparsity: ({ pruning }) => (typeof pruning?.sparsity === 'number' ? pruning.sparsity : undefined),
  largeSparse: ({ pruning }) => (typeof pruning?.sparsity === 'object' ? pruning.sparsity.largeSparse : undefined),
  scope: ({ pruning }) => pruning?.scope,
  prunable: ({ pruning }) => pruning?.prunable,
  pruningIterations: ({ pruning }) => pruning?.iterations,
  pruningExamples: ({ pruning }) => pruning?.examples,
};

/** How many weights are removed, and from where. */
export function addSparsityOptions(command: Command, defaultSparsity?: PruningSettings['sparsity']): Command {
  return command
    .addOption(
      new Option('--sparsity <fraction>', 'fraction of weights removed').argParser(sparsity).default(defaultSparsity),
    )
    .addOption(
      new Option(
        '--large-sparse <factor>',
        'make the adapter so many times as wide, and remove so many weights that as many as before are kept',
      )
        .argParser(widthFactor)
        .conflicts('sparsity'),
    )
    .addOption(
      new Option('--scope <scope>', 'one budget for all matrices, or the same for each')
        .choices(pruningScopes)
        .default(pruningDefaults.scope),
    )
    .addOption(
      new Option(
        '--prunable <what>',
        "which matrices: all of the adapter's; repo, those that the SparseAdapter authors' code prunes; or a list of parts (bottleneck, lora, ...) and of parameter names with *",
      ).default('all'),
    );
}

/** @param more what `--pruning` accepts besides the methods */
export function addPruningOptions(command: Command, more: readonly string[] = []): Command {
  const methods = pruningMethods();
  command
    .optionsGroup('Pruning at initialisation:')
    .addOption(
      new Option('--pruning <method>', `which weights are removed: ${summaries(methods)}`)
        .choices([...methods.map(({ name }) => name), ...more])
        .default(pruningDefaults.method),
    );
  addSparsityOptions(command, pruningDefaults.sparsity)
    .addOption(
      new Option('--pruning-iterations <count>', `rounds of scoring and removing (${iterationDefaults()})`).argParser(
        textOf(pruningIterations),
      ),
    )
    .addOption(
      new Option('--pruning-examples <count>', 'training examples to score weights with')
        .argParser(positiveInteger)
        .default(pruningDefaults.examples),
    );
  return addDeclaredOptions(command, methods);
}

/** `default: 1; synflow: 100` */
function iterationDefaults(): string {
  const others = pruningMethods().filter(({ iterations }) => iterations !== 1);
  return ['default: 1', ...others.map(({ name, iterations }) => `${name}: ${iterations}`)].join('; ');
}

/** @param fallback the sparsity if none is given */
export function sparsitySettings(
  command: Command,
  fallback: PruningSettings['sparsity'],
): Pick<PruningSettings, 'sparsity' | 'scope' | 'prunable'> {
  const { sparsity = fallback, largeSparse, scope, prunable } = command.opts<SparsityFlags>();
  return { sparsity: largeSparse === undefined ? sparsity : { largeSparse }, scope, prunable };
}

const details = ['sparsity', 'largeSparse', 'scope', 'prunable', 'pruningIterations', 'pruningExamples'] as const;

/**
 * The pruning that the command line asks for; null for none.
 *
 * @throws UsageError for an option without effect or of another method, and a wrong value
 */
export function pruningSettings(command: Command): PruningSettings | null {
  const flags = command.opts<PruningFlags & { readonly adapter: string }>();
  const { adapter, pruning: method, pruningExamples: examples } = flags;
  const isPrunable = familyOf(adapter).hasPrunable !== false;
  const options = declaredValues(command, pruningMethods(), '--pruning', isPrunable ? method : 'none');
  if (!isPrunable) {
    const asked = method === 'none' ? details : (['pruning', ...details] as const);
    rejectExplicit(command, asked, `has no effect with --adapter ${adapter}, which has no weights to prune`);
    return null;
  }
  if (method === 'none') {
    rejectExplicit(command, details, 'has no effect with --pruning none');
    return null;
  }
  const { data, iterations } = pruningMethodOf(method);
  if (!data && isExplicit(command, 'pruningExamples')) {
    throw new UsageError(`--pruning-examples has no effect with --pruning ${method}, which looks at no data.`);
  }
  return {
    method,
    ...sparsitySettings(command, pruningDefaults.sparsity),
    iterations: flags.pruningIterations ?? iterations,
    options,
    examples,
  };
}

/** Checks the options of the method given beside `--resume`. @throws UsageError naming one that disagrees */
export function checkMethodAgreement(command: Command, pruning: PruningSettings | null): void {
  checkDeclaredAgreement(command, pruningMethods(), pruning?.method ?? 'none', pruning?.options ?? {});
}
