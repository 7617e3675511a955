import { storedBytes, storedNumbersF16 } from '../../../src/backends/stored.ts';
import type { TensorData } from '../../../src/io/index.ts';
import { wordPieceDefinition } from '../../../src/text/index.ts';
import { tinyBartFolder } from '../../support/tiny-bart.ts';
import { type TinyName, tinyEncoderDecoderFolder, tinyEncoderDecoders } from '../../support/tiny-encoder-decoders.ts';
import { tinyEncoders } from '../../support/tiny-encoders.ts';
import { lively, tinyBert, tinyFolder, tinyRoberta, tinyTensors, vocabulary } from '../../support/tiny-model.ts';

type OtherEncoder = Exclude<keyof typeof tinyEncoders, 'bert' | 'roberta'>;
export type BackboneName = 'bert' | 'roberta' | 'bart' | TinyName | OtherEncoder;

/** The encoders beside BERT and RoBERTa. */
export const otherEncoders = (Object.keys(tinyEncoders) as (keyof typeof tinyEncoders)[]).filter(
  (name): name is OtherEncoder => name !== 'bert' && name !== 'roberta',
);

/** Those of them that AdapterHub's library has. */
export const hubEncoders = [
  'distilbert',
  'xlm-roberta',
  'electra',
  'albert',
  'deberta-v2',
  'modernbert',
] as const satisfies readonly OtherEncoder[];

/** The encoder-decoders beside BART. */
export const relatives = Object.keys(tinyEncoderDecoders) as TinyName[];

export const isEncoderDecoder = (backbone: BackboneName): boolean =>
  backbone === 'bart' || relatives.some((name) => name === backbone);

const tensor = (name: string, shape: readonly number[]): TensorData => ({
  name,
  shape,
  dtype: 'F32',
  data: lively(name, shape),
});

const { hidden_size: width } = tinyBert as { hidden_size: number };
const poolerAt = (path: string): TensorData[] => [
  tensor(`${path}.weight`, [width, width]),
  tensor(`${path}.bias`, [width]),
];
const bertTensors = [...tinyTensors(tinyBert), ...poolerAt('bert.pooler.dense')];
const robertaTensors = [...tinyTensors(tinyRoberta), ...poolerAt('roberta.pooler.dense')];
/** The poolers that belong to encoders and not to their heads. */
const poolers: Partial<Record<OtherEncoder, string>> = {
  albert: 'albert.pooler',
  nomic_bert: 'nomic_bert.pooler.dense',
  gte: 'gte.pooler.dense',
};

/** Rounded to float16. */
function half({ name, shape, data }: TensorData): TensorData {
  const numbers = storedNumbersF16(data);
  const bytes = new Uint8Array(numbers.length * storedBytes('F16'));
  numbers.readInto(bytes, 0);
  return { name, shape, dtype: 'F16', data: bytes };
}

/** The special tokens of RoBERTa, in the places of BERT's. */
const special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];
const byteLevel = {
  'vocab.json': JSON.stringify(Object.fromEntries(vocabulary.map((word, id) => [special[id] ?? word, id]))),
  'merges.txt': '#version: 0.2\n',
};

const wordPieces = {
  'tokenizer.json': JSON.stringify(wordPieceDefinition(vocabulary.join('\n'), {}, 'vocab.txt')),
  'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer' }),
};

/** Its layer types in the words that both versions of transformers know. */
const { layer_types: _, ...modernBert } = tinyEncoders.modernbert;
const overAll = { ...modernBert, global_attn_every_n_layers: 2 };

function encoderFolder(name: OtherEncoder): string {
  const config = name === 'modernbert' ? overAll : tinyEncoders[name];
  const pooler = poolers[name];
  return tinyFolder({
    config,
    tensors: [...tinyTensors(config), ...(pooler === undefined ? [] : poolerAt(pooler))],
    files: wordPieces,
  });
}

/** Folders of tiny random models without a head, as transformers has them: encoders with their pooler, which AdapterHub does not save with a head. */
export const backbones: Readonly<Record<BackboneName, string>> = {
  bert: tinyFolder({ tensors: bertTensors }),
  roberta: tinyFolder({ config: tinyRoberta, tensors: robertaTensors, files: byteLevel }),
  // AdapterHub makes prefixes of the decoder for as many heads as the encoder has.
  bart: tinyBartFolder(undefined, { decoder_attention_heads: 2 }),
  mbart: tinyEncoderDecoderFolder('mbart'),
  marian: tinyEncoderDecoderFolder('marian'),
  t5: tinyEncoderDecoderFolder('t5'),
  'flan-t5': tinyEncoderDecoderFolder('flan-t5'),
  ...(Object.fromEntries(otherEncoders.map((name) => [name, encoderFolder(name)])) as Record<OtherEncoder, string>),
};

/** The same BERT in float16, which its configuration says as older and newer versions of transformers do. */
export const halfBert = tinyFolder({
  config: { ...tinyBert, dtype: 'float16', torch_dtype: 'float16' },
  tensors: bertTensors.map(half),
});
