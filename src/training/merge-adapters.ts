import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../errors.ts';
import { assignStored, type MergedPart, type MergeOptions, mergeLora, portableAdapter } from '../interchange/index.ts';
import { type Conversion, openAdapter, writeAdapter } from './convert.ts';
import { builtModel, type OpenedAdapter, reportOf } from './external.ts';
import { createTaskModel, type TaskModel } from './model.ts';
import { unpruned } from './pruning-choice.ts';
import { untrainedMetrics } from './run-folder.ts';

export interface MergeAdaptersOptions extends MergeOptions {
  /** The backbone, if it is not where the adapters say. */
  readonly model?: string;
  /** Replace an earlier output. Default false. */
  readonly overwrite?: boolean;
}

/**
 * Merges LoRA adapters of one backbone to one, and writes it as a run with the head and the classes of the first; see `mergeLora` for
 * the methods.
 *
 * @param folders of runs, of PEFT or of AdapterHub
 * @throws InputError naming the adapter that does not fit, or the option that is wrong; nothing is written
 */
export const mergeAdapters = (
  folders: readonly string[],
  output: string,
  { model, overwrite, ...options }: MergeAdaptersOptions = {},
): Promise<Conversion> => writeAdapter(() => openMerged(folders, model, options), output, { to: 'sparse', overwrite });

/** The adapter and the head of an opened folder. */
async function readParts(label: string, { model }: OpenedAdapter) {
  const { settings, adapter, head } = await portableAdapter(model.network, model.adapter, label);
  return { part: { label, settings, weights: adapter } satisfies MergedPart, head };
}

const valuesOf = ({ backbone }: TaskModel) =>
  Promise.all(backbone.map(async (parameter) => [parameter.name, await parameter.data()] as const));

/** @throws InputError if the second of two adapters is one of another backbone */
async function checkBackbone(labels: readonly [string, string], one: TaskModel, other: TaskModel): Promise<void> {
  if (one.folder === other.folder) return;
  if (isDeepStrictEqual(await valuesOf(one), await valuesOf(other))) return;
  throw new InputError(
    `${labels[0]} is an adapter of ${one.folder}, and ${labels[1]} one of ${other.folder}, which has other weights; merge adapters of one backbone.`,
  );
}

/** A line on the head of an adapter that is for something else than the first one. */
function headLine(labels: readonly [string, string], one: TaskModel, other: TaskModel): string[] {
  if (one.definition === other.definition && isDeepStrictEqual(one.labels, other.labels)) return [];
  return [`The head is that of ${labels[0]}; ${labels[1]} has another one, for other classes or another task.`];
}

/** Merges adapters, in a model that is built anew. */
async function openMerged(
  folders: readonly string[],
  model: string | undefined,
  options: MergeOptions,
): Promise<OpenedAdapter> {
  const [label, ...others] = folders;
  if (label === undefined) throw new InputError('There is no adapter to merge; name one or more.');
  const first = openAdapter(label, { model });
  const { part, head } = await readParts(label, first);
  const parts: MergedPart[] = [part];
  const warnings: string[] = [...first.warnings];
  for (const other of others) {
    const opened = openAdapter(other, { model });
    await checkBackbone([label, other], first.model, opened.model);
    parts.push((await readParts(other, opened)).part);
    warnings.push(...opened.warnings, ...headLine([label, other], first.model, opened.model));
    opened.model.dispose();
  }
  first.model.dispose();
  const { settings: adapter, weights } = mergeLora(parts, options);
  const settings = { ...unpruned(first.config.settings), adapter };
  const { labels } = first.config;
  const stored = {
    ...{ label, settings: adapter, weights: [...weights, ...head], labels, warnings: [] },
    ...{ mixed: new Map(), backbone: {}, stated: { kind: 'unstated' as const, by: 'merging' } },
    fileName: (name: string) => name,
  };
  const merged = builtModel(settings, labels, stored, createTaskModel);
  assignStored(merged.network, merged.adapter, stored);
  return {
    model: merged,
    config: { settings, labels, metrics: [], command: [], versions: {}, pruning: reportOf(merged) },
    metrics: untrainedMetrics(merged),
    warnings,
  };
}
