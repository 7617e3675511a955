import type { Parameter, ParameterPath } from '../nn/index.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { BertModel } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { encoderAt } from './encoder.ts';

/** A model of an encoder, with or without a head on it. */
export abstract class EncoderModel {
  readonly config: EncoderConfig;
  readonly encoder: BertModel;
  /** The root of the parameter names, where adapters add theirs. */
  readonly root: ParameterPath;

  constructor(root: ParameterPath, config: EncoderConfig) {
    this.config = config;
    this.root = root;
    this.encoder = encoderAt(root.at(config.model_type), config);
  }

  /** The attachment points of adapters. */
  get points(): AttachmentPoints {
    return this.encoder.points;
  }

  /** All parameters: encoder, head and whatever was attached. */
  parameters(): Parameter[] {
    return this.root.parameters();
  }
}
