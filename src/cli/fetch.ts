import { fetchModel, type OnProgress } from '../io/index.ts';
import { downloadInputs, type RunSettings } from '../training/index.ts';
import { formatBytes } from './output.ts';
import { type Progress, startProgress } from './progress.ts';

/** Bytes from which the progress of a file is shown; smaller ones arrive at once. */
const SHOWN_FROM = 1e6;

/** Runs `action` and shows the files that it downloads, one after the other. */
export async function withDisplay<T>(action: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  let shown: { readonly path: string; readonly progress: Progress } | undefined;
  const onProgress: OnProgress = (path, done, size) => {
    if (size < SHOWN_FROM) return;
    if (shown?.path === path) return shown.progress.update(done);
    shown?.progress.stop();
    shown = { path, progress: startProgress(path, size, done, formatBytes) };
  };
  try {
    return await action(onProgress);
  } finally {
    shown?.progress.stop();
  }
}

/**
 * Makes a model available, with a display of the download.
 *
 * @param options.update ask the hub for the newest commit
 * @returns the name to load it by, see `fetchModel`
 */
export const useModel = (name: string, { update }: { readonly update?: boolean } = {}): Promise<string> =>
  withDisplay((onProgress) => fetchModel(name, { update, onProgress }));

/** The same for the model and the data of a run. */
export const useInputs = (settings: RunSettings): Promise<RunSettings> =>
  withDisplay((onProgress) => downloadInputs(settings, { onProgress }));
