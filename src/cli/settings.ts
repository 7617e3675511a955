import type { Command } from 'commander';
import { xsumFile } from '../data/index.ts';
import { isFolder } from '../io/index.ts';
import {
  type DataSettings,
  dataOf,
  defaultMaxLength,
  fusedAdapters,
  type GivenSettings,
  namedRun,
  nestedSettings,
  type RunSettings,
  taskOf,
} from '../training/index.ts';
import { UsageError } from './errors.ts';
import { useData, useModel } from './fetch.ts';
import { chosenByCommand, type Given } from './given-settings.ts';
import { checkColumns, inputKind } from './input.ts';
import { rejectExplicit } from './options.ts';

/** The settings of a run that a command is given; what is on the hub only is downloaded. @throws UsageError, InputError */
export async function runSettings(given: Given): Promise<RunSettings> {
  const chosen = chosenByCommand(given);
  const model = await useModel(chosen.model);
  const data = dataOf(chosen);
  const maxLength = chosen.maxLength ?? defaultMaxLength(model, taskOf(data));
  const fused = chosen.fuse && fusedAdapters(chosen.fuse.map(namedRun), model);
  return { ...nestedSettings({ ...chosen, model, maxLength, fused }), data: await useData(data) };
}

/** What `evaluate` is told of other data. */
type DataFlags = Pick<GivenSettings, 'data' | 'skipInvalid' | 'rougeTokenizer' | 'label' | 'target'> & {
  readonly text?: readonly string[];
};

/**
 * What `evaluate` reads in place of the stored data: a file, or a GLUE folder for a run on GLUE. Columns that are not given are
 * those of the run.
 *
 * @returns undefined if it is the stored data as they were read and judged for the run
 */
export function evaluationData(command: Command, stored: DataSettings): DataSettings | undefined {
  const { data, skipInvalid, rougeTokenizer } = command.opts<DataFlags>();
  if (stored.kind !== 'pairs' && stored.kind !== 'unknown-texts') {
    rejectExplicit(command, ['rougeTokenizer'], 'goes with a run that writes texts');
  }
  if (stored.kind === 'squad' || stored.kind === 'wordnet') {
    rejectExplicit(command, ['skipInvalid'], 'goes with rows of a table');
  }
  if (data === undefined) rejectExplicit(command, ['text', 'label', 'target'], 'goes with --data');
  if (data === undefined && !skipInvalid && rougeTokenizer === undefined) return undefined;
  const named = data === undefined ? stored : otherData(command, stored, data);
  return {
    ...named,
    ...(skipInvalid && { skipInvalid }),
    ...(rougeTokenizer && { rougeTokenizer }),
  } as DataSettings;
}

function otherData(command: Command, stored: DataSettings, data: string): DataSettings {
  const { text, label, target } = command.opts<DataFlags>();
  if (stored.kind === 'squad' || stored.kind === 'unknown-questions') {
    rejectExplicit(command, ['text', 'label', 'target'], 'names columns, which data of questions do not have');
    return { kind: 'squad', train: data, eval: data, stride: stored.stride };
  }
  if (stored.kind === 'glue' && isFolder(data)) return { ...stored, folder: data };
  if (stored.kind === 'pairs' || stored.kind === 'unknown-texts') {
    rejectExplicit(command, ['label'], 'names classes or numbers; this run writes texts, name theirs with --target');
    const own = stored.kind === 'pairs' ? stored : undefined;
    const [column = own?.text, other] = text ?? [];
    const targets = target ?? own?.target;
    if (column === undefined || targets === undefined) {
      throw new UsageError('--text and --target are missing: the columns of the file.');
    }
    if (other !== undefined) throw new UsageError('--text names two columns; it is one, with the text to read.');
    const file = isFolder(data) ? xsumFile(data, 'test') : data;
    const { maxTargetLength, generation } = stored;
    const columns = { text: column, target: targets };
    const judged = own?.rougeTokenizer && { rougeTokenizer: own.rougeTokenizer };
    return { kind: 'pairs', train: file, eval: file, ...columns, maxTargetLength, generation, ...judged };
  }
  rejectExplicit(command, ['target'], 'goes with a run that writes texts');
  const columns = stored.kind === 'table' || stored.kind === 'dataset' ? stored : undefined;
  const [texts, labels] = [text ?? columns?.text, label ?? columns?.label];
  if (!texts || !labels) {
    throw new UsageError('--text and --label are missing: the columns of the file.');
  }
  checkColumns(texts, inputKind(stored));
  return { kind: 'table', train: data, eval: data, text: texts, label: labels, labelKind: 'auto' };
}
