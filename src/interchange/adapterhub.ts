import { registerActivations } from '../adapters/bottleneck.ts';
import { moreActivations } from '../adapters/more-activations.ts';
import { composed } from '../adapters/only-loaded.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { isEncoderDecoder } from '../models/browser.ts';
import { adapterFiles, CONFIG, readAdapter, WEIGHTS } from './adapterhub-adapter.ts';
import { FUSION_CONFIG, FUSION_WEIGHTS, fusionFiles, readFusion } from './adapterhub-fusion.ts';
import { HEAD_CONFIG, HEAD_WEIGHTS, headFiles, sharedHead, withHead } from './adapterhub-head-files.ts';
import { isRunSetup, readComposed, SETUP, setupFiles } from './adapterhub-setup.ts';
import type { AdapterFormat } from './format.ts';
import type { PortableAdapter } from './portable.ts';

registerActivations(moreActivations);

/** With fused attention the library masks the prefixes of a decoder wrongly. */
const eagerLine = ({ config, settings: { kind } }: PortableAdapter): string[] =>
  isEncoderDecoder(config) && (kind === 'prefix' || kind === 'mam')
    ? ['In Python load BART with attn_implementation="eager": with the default the library masks prefixes otherwise.']
    : [];

/** A head there is for one number of answers. */
const choicesLine = ({ headKind, layeredHead }: PortableAdapter): string[] =>
  headKind === 'multiple-choice' && layeredHead
    ? ['head_config.json says num_choices 2; in Python set it to the number of answers that examples have.']
    : [];

/**
 * The folders of AdapterHub's library `adapters`: an adapter, a fusion or a setup, which have the adapters that they mix in folders below, and
 * the task head in `head_config.json` with `model_head.safetensors`. The head is that of a class of transformers, which the library
 * also gives to its own flexible models.
 */
export const adapterhub: AdapterFormat = {
  fileNames: [CONFIG, WEIGHTS, FUSION_CONFIG, FUSION_WEIGHTS, SETUP, HEAD_CONFIG, HEAD_WEIGHTS],
  matches: (files) =>
    files.has(FUSION_CONFIG) || isRunSetup(files) || (files.has(CONFIG) && isJsonObject(files.json(CONFIG).config)),

  write(adapter, name) {
    const { kind } = adapter.settings;
    const { model_type } = adapter.config;
    if (isEncoderDecoder(adapter.config) && model_type !== 'bart') {
      throw new InputError(
        `adapterhub: of encoder-decoders its files are written for BART alone, not for ${model_type}; save it as 'peft' or 'sparse'.`,
      );
    }
    if (kind === composed.kind) return { files: { ...setupFiles(adapter), ...headFiles(adapter, name) }, warnings: [] };
    const own = kind === 'fusion' ? fusionFiles(adapter) : adapterFiles(adapter, { ...adapter, name });
    return {
      files: { ...own, ...headFiles(adapter, name) },
      warnings: [...eagerLine(adapter), ...choicesLine(adapter)],
    };
  },

  read(files, options) {
    if (!files.has(FUSION_CONFIG) && !files.has(CONFIG)) return readComposed(files, options);
    const stored = files.has(FUSION_CONFIG) ? readFusion(files) : readAdapter(files);
    if (!options.head) return stored;
    // Where the library saved members beside a fusion, each has the head that the model had.
    const beside = [...stored.mixed.keys()].map((name) => files.folder(`../${name}`));
    const place = sharedHead([files]) ?? sharedHead(beside);
    return place ? withHead(stored, place) : stored;
  },
};
