import { join } from 'node:path';
import { noGrad, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { encoderAt, packPadded } from '../../src/models/index.ts';
import type { BackboneCase } from './backbones.ts';
import { bartOutputs, type PairInputs, type Values } from './bart.ts';
import { type Compare, readJson } from './framework.ts';
import { openBart, openModel, unpack } from './models.ts';

/** A file may hold more than the encoder: heads, and buffers of older versions. */
function encoderStates(folder: string, inputs: BackboneCase['inputs']): Values {
  const { config, root } = openModel(folder);
  const encoder = encoderAt(root.at(config.prefix), config);
  const batch = packPadded(inputs, encoder.positionIds);
  const states = noGrad(() => encoder.hiddenStates(batch));
  return Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, unpack(state, batch)]));
}

/**
 * Compares the hidden states of a folder that holds the weights of another case in another spelling.
 *
 * @param original the folder of that case
 */
export function runSpelling(folder: string, original: string, compare: Compare): void {
  const { architecture, inputs, tensors } = readJson<BackboneCase>(original, 'case.json');
  const expected = openSafetensors(join(original, 'expected.safetensors'));
  tidy(() => {
    const states = architecture.startsWith('Bart')
      ? bartOutputs(openBart(folder), readJson<BackboneCase<PairInputs>>(original, 'case.json').inputs).values
      : encoderStates(folder, inputs);
    for (const [name, { tol }] of Object.entries(tensors)) {
      if (/hidden_states\.\d+$/.test(name)) compare(name, states[name], expected.readFloat32(name), tol);
    }
  });
}
