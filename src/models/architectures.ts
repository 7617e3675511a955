import type { ParameterPath } from '../nn/index.ts';
import type { Architecture, EncoderType } from './architecture.ts';
import { bert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import type { Encoder } from './encoder.ts';
import type { HeadForms } from './heads.ts';
import { roberta } from './roberta.ts';

const registered = new Map<string, Architecture>();

/** Adds an architecture to those that files can be of. */
export function addArchitecture(architecture: Architecture): void {
  registered.set(architecture.type, architecture);
}

for (const architecture of [bert, roberta]) addArchitecture(architecture);

/** The architectures that there are. */
export const architectures = (): Architecture[] => [...registered.values()];

/** The architecture of a `model_type`; undefined for one that is not there. */
export const findArchitecture = (type: unknown): Architecture | undefined => registered.get(String(type));

/** The architecture of a model. */
export function architectureOf(type: EncoderType): Architecture {
  const found = registered.get(type);
  if (found) return found;
  throw new Error(`The architecture ${type} is not loaded.`);
}

/** The encoder of the configuration's model type, its parameters at `path`. */
export const encoderAt = (path: ParameterPath, config: EncoderConfig): Encoder =>
  architectureOf(config.model_type).build(path, config);

/** The encoder of a model, at its place below the root of the names. */
export const modelEncoder = (root: ParameterPath, config: EncoderConfig): Encoder =>
  encoderAt(root.at(config.prefix), config);

/** The heads of Hugging Face for a model. */
export const headsOf = (config: EncoderConfig): HeadForms => architectureOf(config.model_type).heads(config);
