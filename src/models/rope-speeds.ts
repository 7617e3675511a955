import type { RotaryAngles } from './parts/rotary.ts';

/** What all kinds of rotary positions follow. */
export interface RopeSizes {
  readonly headDim: number;
  /** The most positions of a text. */
  readonly positions: number;
}

/** The fields of rotary positions, those that a kind needs among them. */
export interface RopeFields {
  readonly theta: number;
  readonly factor: number | null;
  /** The most positions that a model was trained on before its angles were changed. */
  readonly trainedPositions: number;
  /** What cosines and sines are multiplied with; null: as the kind says. */
  readonly attentionFactor: number | null;
  readonly lowFrequency: number;
  readonly highFrequency: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  readonly mscale: number | null;
  readonly mscaleAll: number | null;
  readonly truncate: boolean;
  /** How much of a head is turned. */
  readonly part: number;
  /** [headDim / 2] */
  readonly shortFactors: readonly number[];
  /** [headDim / 2] */
  readonly longFactors: readonly number[];
}

/** theta^(-2k / headDim) */
const plain = ({ theta }: RopeFields, { headDim }: RopeSizes): number[] =>
  Array.from({ length: headDim / 2 }, (_, k) => theta ** ((-2 * k) / headDim));

const angles = (speeds: readonly number[], scale = 1): RotaryAngles => ({ speeds, scale });

/** YaRN's factor of cosines and sines. */
const mscaleOf = (factor: number, mscale = 1): number => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);

/** YaRN (Peng et al., 2023): pairs that turn seldom within the trained length are slowed down, others stay, those between are mixed. */
function yarn(fields: RopeFields, sizes: RopeSizes): RotaryAngles {
  const { theta, factor, trainedPositions, attentionFactor, betaFast, betaSlow, mscale, mscaleAll, truncate } = fields;
  const { headDim } = sizes;
  const slowdown = factor ?? sizes.positions / trainedPositions;
  const pairWith = (turns: number) =>
    (headDim * Math.log(trainedPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const bounds = [pairWith(betaFast), pairWith(betaSlow)];
  const [first, last] = truncate ? [Math.floor(bounds[0]), Math.ceil(bounds[1])] : bounds;
  const [low, high] = [Math.max(first, 0), Math.min(last, headDim - 1)];
  const width = low === high ? 0.001 : high - low;
  const speeds = plain(fields, sizes).map((speed, k) => {
    const slowed = Math.min(Math.max((k - low) / width, 0), 1);
    return (speed / slowdown) * slowed + speed * (1 - slowed);
  });
  const scale = mscale && mscaleAll ? mscaleOf(slowdown, mscale) / mscaleOf(slowdown, mscaleAll) : mscaleOf(slowdown);
  return angles(speeds, attentionFactor ?? scale);
}

/** LongRoPE (Ding et al., 2024): each pair has a factor of its own, and another one in texts that are longer than those of training. */
function longrope(fields: RopeFields, sizes: RopeSizes): RotaryAngles {
  const { factor, trainedPositions: above, attentionFactor, shortFactors, longFactors } = fields;
  const slowdown = factor ?? sizes.positions / above;
  const slowed = (factors: readonly number[]) => plain(fields, sizes).map((speed, k) => speed / factors[k]);
  const scale = slowdown <= 1 ? 1 : Math.sqrt(1 + Math.log(slowdown) / Math.log(above));
  return {
    ...angles(slowed(shortFactors), attentionFactor ?? scale),
    longer: { above, speeds: slowed(longFactors) },
  };
}

/** Llama 3.1: pairs whose waves are long against the trained length are slowed down, short ones stay, those between are mixed. */
function llama3(fields: RopeFields, sizes: RopeSizes): RotaryAngles {
  const { trainedPositions, lowFrequency, highFrequency } = fields;
  const factor = Number(fields.factor);
  return angles(
    plain(fields, sizes).map((speed) => {
      const waves = (trainedPositions * speed) / (2 * Math.PI);
      const kept = Math.min(Math.max((waves - lowFrequency) / (highFrequency - lowFrequency), 0), 1);
      return ((1 - kept) * speed) / factor + kept * speed;
    }),
  );
}

/** The first pairs of a head turn, the others do not. */
function proportional(fields: RopeFields, sizes: RopeSizes): RotaryAngles {
  const turning = Math.floor((fields.part * sizes.headDim) / 2);
  return angles(plain(fields, sizes).map((speed, k) => (k < turning ? speed / (fields.factor ?? 1) : 0)));
}

/** The angles of each kind of rotary positions, by its name in transformers. */
export const ropeKinds = {
  default: (fields, sizes) => angles(plain(fields, sizes)),
  linear: (fields, sizes) => angles(plain(fields, sizes).map((speed) => speed / (fields.factor ?? 1))),
  // It differs beyond the positions of the model alone, which no text has here.
  dynamic: (fields, sizes) => angles(plain(fields, sizes)),
  yarn,
  longrope,
  llama3,
  proportional,
} as const satisfies Record<string, (fields: RopeFields, sizes: RopeSizes) => RotaryAngles>;
