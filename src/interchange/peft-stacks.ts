import type { Json } from './fields.ts';

/** PEFT's `num_transformer_submodules` of an encoder with a decoder. */
export const STACKS_OF_BART = 2;

/** The number of stacks that PEFT makes a prefix or a prompt for. */
export const stacksOf = ({ num_transformer_submodules: stacks, task_type: task }: Json): unknown =>
  stacks ?? (task === 'SEQ_2_SEQ_LM' ? STACKS_OF_BART : 1);
