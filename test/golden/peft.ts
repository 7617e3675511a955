import { join } from 'node:path';
import { type Json, readJson } from './framework.ts';
import { type InterchangeCase, interchangeArea } from './interchange.ts';

interface PeftCase {
  readonly backbone: string;
  readonly head: string;
  readonly should: 'logits' | 'refused' | 'logits or refused';
  readonly refusal?: string;
  readonly tolerance: number;
  /** The folder of the adapter below that of the case. */
  readonly folder?: string;
  readonly input_ids: number[][];
  readonly decoder_input_ids?: number[][];
  readonly outputs: Nested[];
}

type Nested = number | readonly Nested[];

const flat = (numbers: Nested): number[] => [numbers].flat(8) as number[];

const forms: Readonly<Record<string, string>> = {
  'sequence classification': 'classes',
  'question answering': 'answers',
  'token classification': 'tokens',
  'multiple choice (one choice)': 'choices',
  'none (last hidden state)': 'last hidden state',
  'BART, decoder_input_ids = [2, 0] + input_ids[1:4]': 'decoder rows',
};

/** Classes of the backbone, which PEFT's files do not name. */
function labelsOf({ id2label }: Json): string[] | undefined {
  return id2label ? Object.values(id2label as Record<string, string>) : undefined;
}

function read(folder: string, area: string): InterchangeCase {
  const golden = readJson<PeftCase>(folder, 'expected.json');
  const backbone = join(area, '_backbones', golden.backbone);
  const form = forms[golden.head] ?? golden.head;
  return {
    folder: join(folder, golden.folder ?? '.'),
    backbone,
    form,
    mayLoad: golden.should !== 'refused',
    mayBeRefused: golden.should !== 'logits',
    refusal: golden.refusal === undefined ? null : new RegExp(golden.refusal, 'i'),
    tolerance: golden.tolerance,
    labels: form === 'classes' ? labelsOf(readJson(backbone, 'config.json')) : undefined,
    examples: golden.input_ids.map((ids, i) => ({
      ids,
      decoderIds: [2, 0, ...ids.slice(1, 4)],
      outputs: flat(golden.outputs[i]),
    })),
  };
}

/** Folders of PEFT. */
export const peft = interchangeArea('peft', read);
