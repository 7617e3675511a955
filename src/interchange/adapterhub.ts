import { isJsonObject } from '../io/browser.ts';
import { adapterFiles, CONFIG, commonFields, readAdapter, WEIGHTS } from './adapterhub-adapter.ts';
import { FUSION_CONFIG, FUSION_WEIGHTS, fusionFiles, readFusion } from './adapterhub-fusion.ts';
import { headConfig, labelsOf, layeredHeadFiles, readHead } from './adapterhub-head.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { sortedJson } from './fields.ts';
import type { AdapterFormat, FolderFiles, StoredAdapter } from './format.ts';
import type { PortableAdapter } from './portable.ts';
import { headOfHub } from './stated-head.ts';
import { withoutTied } from './tied-head.ts';

const HEAD_CONFIG = 'head_config.json';
const HEAD_WEIGHTS = 'model_head.safetensors';
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

/** None for a sequence-to-sequence model: its output is the backbone's. */
function headFiles(adapter: PortableAdapter, name: string): Record<string, Uint8Array | string> {
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

/** With fused attention the library masks the prefixes of a decoder wrongly. */
const eagerLine = ({ config, settings: { kind } }: PortableAdapter): string[] =>
  config.model_type === 'bart' && (kind === 'prefix' || kind === 'mam')
    ? ['In Python load BART with attn_implementation="eager": with the default the library masks prefixes otherwise.']
    : [];

/** A head there is for one number of answers. */
const choicesLine = ({ headKind, layeredHead }: PortableAdapter): string[] =>
  headKind === 'multiple-choice' && layeredHead
    ? ['head_config.json says num_choices 2; in Python set it to the number of answers that examples have.']
    : [];

/**
 * The folders of AdapterHub's library `adapters`: an adapter or a fusion, which has the adapters that it mixes in folders below, and
 * the task head in `head_config.json` with `model_head.safetensors`. The head is that of a class of transformers, which the library
 * also gives to its own flexible models.
 */
export const adapterhub: AdapterFormat = {
  fileNames: [CONFIG, WEIGHTS, FUSION_CONFIG, FUSION_WEIGHTS, HEAD_CONFIG, HEAD_WEIGHTS],
  matches: (files) => files.has(FUSION_CONFIG) || (files.has(CONFIG) && isJsonObject(files.json(CONFIG).config)),

  write(adapter, name) {
    const own = adapter.settings.kind === 'fusion' ? fusionFiles(adapter) : adapterFiles(adapter, { ...adapter, name });
    return {
      files: { ...own, ...headFiles(adapter, name) },
      warnings: [...eagerLine(adapter), ...choicesLine(adapter)],
    };
  },

  read(files, options) {
    const stored = files.has(FUSION_CONFIG) ? readFusion(files) : readAdapter(files);
    if (!options.head) return stored;
    // Where the library saved members beside a fusion, each has the head that the model had.
    const beside = [...stored.mixed.keys()].map((name) => files.folder(`../${name}`));
    const place = sharedHead([files]) ?? sharedHead(beside);
    return place ? withHead(stored, place) : stored;
  },
};
