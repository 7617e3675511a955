import type { PeftMethod } from './peft-method.ts';
import { peftPrompt } from './peft-prompt.ts';

/** P-tuning. PEFT saves what its network, an LSTM or a perceptron, makes: the rows of prompt tuning, which it is here from then on. */
export const peftPTuning: PeftMethod = {
  ...peftPrompt,
  peftType: 'P_TUNING',
  fields: [
    ...peftPrompt.fields,
    ...['encoder_reparameterization_type', 'encoder_hidden_size', 'encoder_num_layers', 'encoder_dropout'],
  ],
};
