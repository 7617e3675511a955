import type { ParameterPath } from '../nn/index.ts';
import { BertModel } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { roberta } from './roberta.ts';

/** The encoder of the configuration's model type, its parameters at `path`. */
export function encoderAt(path: ParameterPath, config: EncoderConfig): BertModel {
  return config.model_type === 'roberta' ? new BertModel(path, config, roberta) : new BertModel(path, config);
}
