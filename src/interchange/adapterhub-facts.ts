import type { AdapterSettings } from '../adapters/index.ts';
import { isOff } from '../models/config-json.ts';
import type { Json } from './fields.ts';
import type { Weight } from './portable.ts';

/** The facts about an adapter that decide with its `config` what is computed. */
export interface ConfigFacts {
  /** The library's, as the file gives it. */
  readonly version: unknown;
  /** What it is for, in files of the time before versions. */
  readonly type: unknown;
  /** The width of the backbone. */
  readonly hidden: number;
  /** The `model_type` of the backbone, if it is told. */
  readonly modelType?: string;
  readonly weights: readonly Weight[];
}

/** The settings that a `config` means, and what of it is not kept. */
export interface ReadConfig {
  readonly settings: AdapterSettings;
  /** What weights are multiplied with to be ours. Default 1 */
  readonly factor?: number;
  readonly warnings: readonly string[];
}

/** The layers that a `config` leaves out, if there are some. */
export const leftOut = ({ leave_out: layers }: Json): { readonly leaveOut?: readonly number[] } =>
  isOff(layers) ? {} : { leaveOut: layers as readonly number[] };

export const droppedDropout = (label: string, dropout: number): string =>
  `${label}: dropout ${dropout} is not kept; it matters in training alone.`;
