import { InputError } from '../errors.ts';
import type { EvaluationReport } from '../report/index.ts';
import { checkOptions, shown } from '../settings/index.ts';
import {
  type AdapterPruneReport,
  type ConversionTarget,
  type RunMetrics,
  type TaskModel,
  writeAdapter,
} from '../training/index.ts';

export interface SaveOptions {
  /**
   * `sparse`: a run of ours, which stores kept weights alone. `peft`, `adapterhub`: an adapter for that library. `huggingface`: a whole
   * checkpoint with the adapter merged into it. `onnx`: a folder for transformers.js. Default `sparse`.
   */
  readonly format?: ConversionTarget;
  /** Replace an earlier output. Default false. */
  readonly overwrite?: boolean;
  readonly onWarning?: (message: string) => void;
}

const formats: { readonly [Format in ConversionTarget]: true } = {
  sparse: true,
  peft: true,
  adapterhub: true,
  huggingface: true,
  onnx: true,
};

/** What is stored of how a model came about. */
interface SavedRecord {
  readonly pruning: AdapterPruneReport | null;
  readonly metrics: RunMetrics;
  readonly report: EvaluationReport | null;
}

/** Saves a model with its adapter; see `PretrainedModel.savePretrained`. */
export async function saveModel(
  model: TaskModel,
  { pruning, metrics, report }: SavedRecord,
  folder: string,
  options: SaveOptions,
): Promise<void> {
  checkOptions('savePretrained', options, { format: true, overwrite: true, onWarning: true });
  const { format = 'sparse', overwrite = false, onWarning } = options;
  if (!Object.hasOwn(formats, format)) {
    throw new InputError(`format must be one of ${Object.keys(formats).join(', ')}, not ${shown(format)}.`);
  }
  const { parts } = model.adapter;
  if (format === 'peft' && parts.ejected) {
    throw new InputError(
      "PEFT stores a prefix without the network that makes it: call ejectAdapter() first, or save with format 'sparse'.",
    );
  }
  const { settings, labels } = model;
  const names = Object.keys(metrics.metrics ?? {});
  const config = { settings, labels, metrics: names, pruning, command: [], versions: {} };
  const { warnings } = await writeAdapter(() => ({ config, metrics, report, model, warnings: [] }), folder, {
    to: format,
    overwrite,
  });
  for (const warning of warnings) onWarning?.(warning);
}
