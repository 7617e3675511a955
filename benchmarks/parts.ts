import type { Part } from './part.ts';
import { epoch } from './parts/epoch.ts';
import { gemm } from './parts/gemm.ts';
import { generation } from './parts/generation.ts';
import { memory } from './parts/memory.ts';
import { profile } from './parts/profile.ts';
import { scaling } from './parts/scaling.ts';
import { scoring } from './parts/scoring.ts';
import { sparse } from './parts/sparse.ts';
import { step } from './parts/step.ts';
import { text } from './parts/text.ts';
import { tokenizer } from './parts/tokenizer.ts';

/** The suite. */
export const parts = {
  gemm,
  step,
  text,
  scoring,
  epoch,
  generation,
  memory,
  scaling,
  sparse,
  profile,
  tokenizer,
} as const satisfies Record<string, Part>;
export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];
