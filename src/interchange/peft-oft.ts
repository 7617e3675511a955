import { patternNumber } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { changedWeightMethod } from './peft-changed-weight.ts';
import { PLACE, type Weight } from './portable.ts';

/** The rows of the skew matrix that has so many entries above its diagonal. */
const sizeOf = ({ shape }: Weight): number => (1 + Math.sqrt(1 + 8 * (shape[1] ?? 0))) / 2;

/**
 * OFT: rotations of inputs. PEFT gives the size of the blocks or their number, and takes the nearest that fits a layer, so that the
 * tensors alone tell the size.
 */
export const peftOft = changedWeightMethod({
  peftType: 'OFT',
  kind: 'oft',
  tensors: ['oft_R.weight'],
  fields: [
    ...['r', 'oft_block_size', 'block_share', 'use_cayley_neumann', 'num_cayley_neumann_terms', 'module_dropout'],
    ...['fan_in_fan_out', 'eps'],
  ],
  features: { coft: 'constrained OFT' },

  options(label, config, weights, modules) {
    const sizes = new Map(modules.map((module) => [module, sizeIn(label, module, weights)]));
    const [usual] = sizes.values();
    const others = Array.from(sizes).filter(([, size]) => size !== usual);
    return {
      blockSize: usual,
      blockSizes: others.length > 0 ? others.map(([module, size]) => `${module}=${size}`) : undefined,
      blockShare: config.block_share,
      neumannTerms: config.use_cayley_neumann === false ? 0 : config.num_cayley_neumann_terms,
    };
  },

  config({ blockSize, blockSizes = [], blockShare, neumannTerms }, modules) {
    const sizes = modules.map((module) => patternNumber('blockSizes', blockSizes as readonly string[], module));
    if (sizes.some((size) => size !== undefined && size !== blockSize)) {
      throw new InputError('PEFT has one size of blocks for all layers; merge the adapter into the checkpoint.');
    }
    return {
      block_share: blockShare,
      coft: false,
      num_cayley_neumann_terms: neumannTerms === 0 ? 5 : neumannTerms,
      oft_block_size: blockSize,
      r: 0,
      use_cayley_neumann: neumannTerms !== 0,
    };
  },
});

/** The size of the blocks of a layer. @throws InputError for a tensor that holds no such matrices */
function sizeIn(label: string, module: string, weights: readonly Weight[]): number {
  const tensor = weights.find(({ name }) => name === `${module}.oft_R.${PLACE}`);
  const size = tensor ? sizeOf(tensor) : Number.NaN;
  if (tensor?.shape.length === 2 && Number.isSafeInteger(size)) return size;
  throw new InputError(
    `${label}: the tensor oft_R of ${module} has the shape [${tensor?.shape}]; it must be [blocks, size (size - 1) / 2].`,
  );
}
