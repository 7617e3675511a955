/** The content of a tokenizer.json: its schema, put together from the kinds of components of each stage. */
import * as v from 'valibot';
import { listOf, openFields, parseWith, type Schema } from '../settings/index.ts';
import { type AddedToken, addedTokenSchema } from './added-tokens.ts';
import { type ComponentKinds, componentSchema } from './component.ts';
import { decoders } from './decoders/index.ts';
import type { TokenizerDefinition } from './definitions.ts';
import { modelSchema } from './models/index.ts';
import { normalizers } from './normalizers/index.ts';
import { postProcessors } from './post-processors/index.ts';
import { preTokenizers } from './pre-tokenizers/index.ts';

/** The content of a tokenizer.json, checked. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly model: Readonly<Record<string, unknown>>;
  readonly post_processor: unknown;
  readonly decoder: unknown;
}

const component = (kinds: ComponentKinds<unknown>): Schema => v.nullish(componentSchema(kinds), null);

const stages = {
  normalizer: component(normalizers),
  pre_tokenizer: component(preTokenizers),
  post_processor: component(postProcessors),
  decoder: component(decoders),
};
const stagesSchema = openFields(stages);
const schema = openFields({
  version: v.optional(v.literal('1.0', '1.0')),
  added_tokens: v.optional(listOf(addedTokenSchema), []),
  model: modelSchema,
  ...stages,
});

const REMEDY = 'Download it again.';

/** Checks the content of a tokenizer.json. @throws InputError naming the field that is not as it must be */
export function checkTokenizerJson(definition: TokenizerDefinition, label: string): TokenizerJson {
  return parseWith(schema, definition, label, REMEDY) as TokenizerJson;
}

/** Checks the stages around the model alone. @throws InputError naming the field that is not as it must be */
export function checkStages(definition: TokenizerDefinition, label: string): void {
  parseWith(stagesSchema, definition, label, REMEDY);
}
