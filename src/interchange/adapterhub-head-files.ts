import { isJsonObject } from '../io/browser.ts';
import { commonFields } from './adapterhub-adapter.ts';
import { headConfig, labelsOf, layeredHeadFiles, readHead } from './adapterhub-head.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { sortedJson } from './fields.ts';
import type { FolderFiles, StoredAdapter } from './format.ts';
import type { PortableAdapter } from './portable.ts';
import { headOfHub } from './stated-head.ts';
import { withoutTied } from './tied-head.ts';

export const HEAD_CONFIG = 'head_config.json';
export const HEAD_WEIGHTS = 'model_head.safetensors';
const HEAD_PICKLE = 'pytorch_model_head.bin';

function readHeadFiles(
  files: FolderFiles,
): Pick<StoredAdapter, 'weights' | 'labels' | 'stated' | 'layeredHead' | 'isMultiLabel'> {
  const config = files.json(HEAD_CONFIG);
  const stated = headOfHub(
    config.model_class,
    isJsonObject(config.config) ? (config.config.head_type ?? 'classification') : undefined,
  );
  const weights = readDenseFile(files, HEAD_WEIGHTS, HEAD_PICKLE);
  const own = isJsonObject(config.config) ? config.config.label2id : undefined;
  return {
    ...readHead(files.path(HEAD_CONFIG), config, weights),
    labels: labelsOf(files.path(HEAD_CONFIG), own ?? config.label2id),
    stated,
  };
}

/** The first of some folders with a head, if all heads are the same; null if they are not, undefined if there is none. */
export function sharedHead(places: readonly FolderFiles[]): FolderFiles | null | undefined {
  const headed = places.filter((place) => place.has(HEAD_CONFIG));
  const [first, ...others] = headed.map((place) => JSON.stringify(readHeadFiles(place)));
  return others.every((head) => head === first) ? headed[0] : null;
}

/** An adapter with the head of a folder. */
export function withHead(stored: StoredAdapter, place: FolderFiles): StoredAdapter {
  const { weights: head, ...about } = readHeadFiles(place);
  const { weights, tied } = withoutTied(head);
  return { ...stored, ...about, weights: [...stored.weights, ...weights], tied };
}

/** The files of the head; none for a sequence-to-sequence model: its output is the backbone's. */
export function headFiles(adapter: PortableAdapter, name: string): Record<string, Uint8Array | string> {
  if (adapter.head.length === 0) return {};
  if (adapter.layeredHead) {
    const { fields, weights } = layeredHeadFiles(adapter, adapter.layeredHead, name);
    return {
      [HEAD_CONFIG]: sortedJson({ ...commonFields(adapter), ...fields }),
      [HEAD_WEIGHTS]: denseFile(weights),
    };
  }
  return {
    [HEAD_CONFIG]: sortedJson({ ...commonFields(adapter), ...headConfig(adapter) }),
    [HEAD_WEIGHTS]: denseFile(adapter.head),
  };
}
