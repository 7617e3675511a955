import { type Parameter, ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { type ConfigJson, fieldError } from './config-json.ts';
import { encoderAt } from './encoder.ts';
import { parseModelConfig } from './model-config.ts';
import { Seq2SeqModel } from './seq2seq.ts';

/** The fields of BART and BERT for the standard deviation of new weights. */
const deviation = { bart: 'init_std', bert: 'initializer_range', roberta: 'initializer_range' } as const;

/**
 * The parameters of a randomly initialised model, as Hugging Face begins its training: matrices N(0, 0.02²), rows of padding
 * and biases 0, scales 1. Those of an encoder are without a head.
 *
 * @param json the content of `config.json`
 * @throws InputError as `parseModelConfig`, and for another standard deviation
 */
export function randomWeights(json: ConfigJson, random: Random): Parameter[] {
  const config = parseModelConfig(json);
  const field = deviation[config.model_type];
  if ((json[field] ?? 0.02) !== 0.02) throw fieldError(field, json[field], '0.02');
  const root = ParameterPath.root(random);
  if (config.model_type === 'bart') new Seq2SeqModel(root, config);
  else encoderAt(root.at(config.model_type), config);
  return root.parameters();
}
