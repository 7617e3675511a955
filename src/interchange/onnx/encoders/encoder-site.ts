import type { EncoderConfig } from '../../../models/index.ts';
import type { AttachedParts } from '../attached.ts';
import type { ModelGraph } from '../model-graph.ts';
import type { PromptNodes } from '../prompt.ts';

/** An encoder to export. */
export interface EncoderPlan<Config extends EncoderConfig = EncoderConfig> {
  readonly config: Config;
  readonly parts: AttachedParts;
  /** Whether the tokenizer gives the texts of a pair types of their own. */
  readonly hasTypes: boolean;
}

/** Where the nodes of an encoder are made. Its rows are those of tokens, after what an adapter has before them. */
export interface EncoderSite<Config extends EncoderConfig = EncoderConfig> extends EncoderPlan<Config> {
  readonly graph: ModelGraph;
  /** [batch, length] */
  readonly ids: string;
  readonly prompt: PromptNodes;
  /** 1 for the rows that are seen, 0 for padding, [batch, rows]. */
  readonly mask: string;
  /** 0 in the scores of what is seen, [batch, 1, 1, rows]. */
  readonly bias: string;
  /** The name of a part of the encoder in the checkpoint. */
  at(name: string): string;
}

/** An architecture in graphs, put together of the same parts as the model. Each has one file. */
export interface EncoderGraph<Config extends EncoderConfig = EncoderConfig> {
  /** The output of the encoder, [batch, rows, hidden]. */
  states(site: EncoderSite<Config>): string;
  /** What heads have in the place of a linear layer: [..., hidden] -> [..., hidden]. */
  headLayer?(graph: ModelGraph, x: string, config: Config): string;
}
