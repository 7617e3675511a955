import { join } from 'node:path';
import { readJson } from './framework.ts';
import { type InterchangeCase, type InterchangeExample, interchangeArea } from './interchange.ts';

interface HubExample {
  /** Of multiple choice [1, choices, tokens]. */
  readonly input_ids?: number[] | number[][][];
  readonly token_type_ids?: number[] | number[][][];
  readonly decoder_input_ids?: number[];
  readonly logits?: number[];
  readonly start_logits?: number[];
  readonly end_logits?: number[];
  readonly logits_last?: number[];
  readonly hidden?: number[];
}

interface HubCase {
  readonly backbone: string;
  readonly form: string;
  readonly should: 'loads' | 'loads or is refused by name';
  readonly message_names: readonly string[];
  readonly labels: readonly string[] | null;
  readonly tolerance: number;
  readonly examples: readonly HubExample[];
}

const forms: Readonly<Record<string, string>> = {
  cls: 'classes',
  qa: 'answers',
  tok: 'tokens',
  mc: 'choices',
  hidden: 'last hidden state',
  s2s: 'last decoder row',
};

const outputs = ({ logits, start_logits = [], end_logits = [], logits_last, hidden }: HubExample): number[] =>
  [logits ?? logits_last ?? hidden ?? [...start_logits, ...end_logits]].flat(3);

/** Names of classes; those that the library makes up where there are none. */
function labelsOf({ form, labels, examples }: HubCase): readonly string[] | null | undefined {
  if (form !== 'cls') return undefined;
  const count = examples[0]?.logits?.length ?? 1;
  if (count === 1) return null;
  return labels ?? Array.from({ length: count }, (_, i) => `LABEL_${i}`);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function sequencesOf({ input_ids = [], token_type_ids = [] }: HubExample): Omit<InterchangeExample, 'outputs'> {
  const [ids, types] = [input_ids, token_type_ids].map((rows): number[][] =>
    Array.isArray(rows[0]) ? (rows[0] as number[][]) : [rows as number[]],
  );
  const choices = ids.map((own, i) => ({ ids: own, typeIds: types[i]?.length ? types[i] : undefined }));
  return { ...choices[0], choices };
}

function read(folder: string): InterchangeCase {
  const golden = readJson<HubCase>(folder, 'expected.json');
  return {
    folder,
    backbone: join(folder, '..', golden.backbone),
    form: forms[golden.form] ?? golden.form,
    mayLoad: true,
    mayBeRefused: golden.should !== 'loads',
    refusal: golden.message_names.length === 0 ? null : new RegExp(golden.message_names.map(escaped).join('|'), 'i'),
    tolerance: golden.tolerance,
    labels: labelsOf(golden),
    examples: golden.examples.map(
      (example): InterchangeExample => ({
        ...sequencesOf(example),
        decoderIds: example.decoder_input_ids,
        outputs: outputs(example),
      }),
    ),
  };
}

/** Folders of AdapterHub's library `adapters`. */
export const adapterhub = interchangeArea('adapterhub', read);
