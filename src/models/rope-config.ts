import * as v from 'valibot';
import { parseWith, positiveNumber } from '../settings/index.ts';
import { only, optional } from './config-json.ts';
import type { RotaryAngles } from './parts/rotary.ts';

const kinds = ['default', 'linear'] as const;
const kind = optional(v.picklist(kinds, `one of ${kinds.join(', ')} (other rotary positions are not supported)`), null);

/** The fields of `rope_parameters`. */
const parameters = v.object({
  rope_type: kind,
  /** The older name. */
  type: kind,
  rope_theta: optional(positiveNumber, null),
  /** Of `linear`. */
  factor: optional(positiveNumber, 1),
  partial_rotary_factor: only(1, 'heads that are turned in part are not supported'),
});

/** What a file may say of rotary positions that all layers have. */
export const ropeEntries = {
  rope_parameters: optional(v.looseObject({}), null),
  /** The older name. */
  rope_scaling: optional(v.looseObject({}), null),
  rope_theta: optional(positiveNumber, null),
};

/**
 * The angles that the parameters of rotary positions say.
 *
 * @param told the parameters, those after overriding those before
 * @param theta the base where none of them says
 * @throws InputError for other kinds of rotary positions
 */
export function rotaryAngles(told: readonly unknown[], theta: number): RotaryAngles {
  const all = Object.assign({}, ...told);
  const { rope_type, type, rope_theta, factor } = parseWith(parameters, all, 'config.json: rope_parameters');
  const isLinear = (rope_type ?? type) === 'linear';
  return { theta: rope_theta ?? theta, factor: isLinear ? factor : 1 };
}

/** The angles where all layers have the same. @param theta the base where the file does not say */
export const commonAngles = (
  { rope_parameters, rope_scaling, rope_theta }: v.InferOutput<v.ObjectSchema<typeof ropeEntries, undefined>>,
  theta: number,
): RotaryAngles => rotaryAngles([rope_parameters, rope_scaling], rope_theta ?? theta);
