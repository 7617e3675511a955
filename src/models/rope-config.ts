import * as v from 'valibot';
import { boolean, parseWith, positiveInteger, positiveNumber } from '../settings/index.ts';
import { fieldError, optional } from './config-json.ts';
import type { RotaryAngles } from './parts/rotary.ts';
import { type RopeSizes, ropeKinds } from './rope-speeds.ts';

type RopeKind = keyof typeof ropeKinds;
const names = Object.keys(ropeKinds) as RopeKind[];
const kind = optional(v.picklist(names, `one of ${names.join(', ')} (other rotary positions are not supported)`), null);
const factors = optional(v.array(positiveNumber), null);

/** The fields of `rope_parameters`. */
const parameters = v.object({
  rope_type: kind,
  /** The older name. */
  type: kind,
  rope_theta: optional(positiveNumber, null),
  factor: optional(positiveNumber, null),
  original_max_position_embeddings: optional(positiveInteger, null),
  attention_factor: optional(positiveNumber, null),
  low_freq_factor: optional(positiveNumber, null),
  high_freq_factor: optional(positiveNumber, null),
  beta_fast: optional(positiveNumber, 32),
  beta_slow: optional(positiveNumber, 1),
  mscale: optional(positiveNumber, null),
  mscale_all_dim: optional(positiveNumber, null),
  truncate: optional(boolean, true),
  short_factor: factors,
  long_factor: factors,
  partial_rotary_factor: optional(v.pipe(positiveNumber, v.maxValue(1, 'at most 1')), 1),
});

/** What each kind cannot do without. */
const needed: Readonly<Partial<Record<RopeKind, readonly (keyof v.InferOutput<typeof parameters>)[]>>> = {
  linear: ['factor'],
  yarn: ['factor'],
  longrope: ['short_factor', 'long_factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor'],
};

/** The kinds that turn a part of each head where a file says so, and those that turn all whatever it says. */
const ofAnyPart: readonly RopeKind[] = ['default', 'proportional'];

/** What a file may say of rotary positions that all layers have. */
export const ropeEntries = {
  rope_parameters: optional(v.looseObject({}), null),
  /** The older name. */
  rope_scaling: optional(v.looseObject({}), null),
  rope_theta: optional(positiveNumber, null),
  /** It goes before the field of the same name among the parameters. */
  original_max_position_embeddings: optional(positiveInteger, null),
};

/**
 * The angles that the parameters of rotary positions say.
 *
 * @param told the parameters, those after overriding those before
 * @param theta the base where none of them says
 * @throws InputError for other kinds of rotary positions, and for one without what it needs
 */
export function rotaryAngles(told: readonly unknown[], theta: number, sizes: RopeSizes): RotaryAngles {
  const all = parseWith(parameters, Object.assign({}, ...told), 'config.json: rope_parameters');
  const type = all.rope_type ?? all.type ?? 'default';
  const missing = needed[type]?.find((name) => all[name] === null);
  if (missing) throw fieldError(missing, undefined, `there for rope_type ${type}`);
  if (all.partial_rotary_factor !== 1 && !ofAnyPart.includes(type)) {
    throw fieldError('partial_rotary_factor', all.partial_rotary_factor, `1 for rope_type ${type}`);
  }
  const pairs = sizes.headDim / 2;
  const uneven = (
    [
      ['short_factor', all.short_factor],
      ['long_factor', all.long_factor],
    ] as const
  ).find(([, list]) => type === 'longrope' && list?.length !== pairs);
  if (uneven) throw fieldError(uneven[0], uneven[1]?.length, `a list of ${pairs} numbers, one for each pair of a head`);
  return ropeKinds[type](
    {
      theta: all.rope_theta ?? theta,
      factor: all.factor,
      trainedPositions: all.original_max_position_embeddings ?? sizes.positions,
      attentionFactor: all.attention_factor,
      lowFrequency: all.low_freq_factor ?? 1,
      highFrequency: all.high_freq_factor ?? 1,
      betaFast: all.beta_fast,
      betaSlow: all.beta_slow,
      mscale: all.mscale,
      mscaleAll: all.mscale_all_dim,
      truncate: all.truncate,
      part: all.partial_rotary_factor,
      shortFactors: all.short_factor ?? [],
      longFactors: all.long_factor ?? [],
    },
    sizes,
  );
}

/** The angles where all layers have the same. @param theta the base where the file does not say */
export function commonAngles(
  fields: v.InferOutput<v.ObjectSchema<typeof ropeEntries, undefined>>,
  theta: number,
  sizes: RopeSizes,
): RotaryAngles {
  const { rope_parameters, rope_scaling, rope_theta, original_max_position_embeddings: trained } = fields;
  const over = trained === null ? {} : { original_max_position_embeddings: trained };
  return rotaryAngles([rope_parameters, rope_scaling, over], rope_theta ?? theta, sizes);
}
