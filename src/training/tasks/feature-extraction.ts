import {
  type EmbeddingDataset,
  type EmbeddingExample,
  type RetrievalSet,
  readEmbeddingExamples,
  readRetrieval,
} from '../../data/browser.ts';
import { InputError } from '../../errors.ts';
import { pearson, spearman } from '../../metrics/correlation.ts';
import { retrievalReport } from '../../metrics/retrieval.ts';
import { retrievalScoreNames } from '../../metrics/score-names.ts';
import {
  cosineSimilarityLoss,
  packSequences,
  type SentenceEncoder,
  sentenceEncoderRecipe,
  type TokenIds,
} from '../../models/browser.ts';
import { multipleNegativesRankingLoss } from '../../models/contrastive.ts';
import { slice } from '../../ops/layout.ts';
import type { Random } from '../../random/index.ts';
import { nonEmptyText, option } from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Tokenizer } from '../../text/index.ts';
import { cosines, embedTexts, nearest } from '../embed-texts.ts';
import type { Evaluation, LossOptions, Task } from '../task.ts';
import { textLength } from '../text-length.ts';

/** Settings of models of embeddings. */
export const featureExtractionSettings = {
  negative: option(nonEmptyText, {
    description: 'column with a text that does not belong to the first of the two texts',
    placeholder: '<column>',
    excludes: 'label',
    for: { task: ['feature-extraction'], known: ['own'] },
  }),
};

/** Texts that belong together, as token ids. */
export interface EmbeddingItem {
  /** The anchor, the text that belongs to it, and, if there is one, a text that does not. */
  readonly texts: readonly TokenIds[];
  /** The cosine that the first two should have; left out, they should be nearer to each other than to the others of the batch. */
  readonly score?: number;
}

/** Vectors of texts, near each other where the texts belong together. */
export const featureExtraction: Task<{
  model: SentenceEncoder;
  dataset: EmbeddingDataset;
  item: EmbeddingItem;
}> = {
  name: 'feature-extraction',
  maxLength: 512,

  async read(source, split, { text, negative, label, skipInvalid }) {
    const rows = source.open(split);
    if (!rows) return null;
    const retrieved = split === 'evaluation' ? await readRetrieval(rows, { skipInvalid }) : null;
    if (retrieved) return retrieved;
    const read = await readEmbeddingExamples(rows, { text, negative, label, skipInvalid });
    return { ...read, metrics: metricsOf(read), notes: [lossNote(read.examples)] };
  },

  recipe: ({ pooling }) => sentenceEncoderRecipe(pooling),

  lengths: ({ text, textPair, negative }, tokenizer, { maxLength }) =>
    [text, textPair, ...(negative === undefined ? [] : [negative])].map((one) =>
      textLength(tokenizer, one, undefined, maxLength),
    ),

  aloneProblem: ({ texts, score }) =>
    score === undefined && texts.length === 2
      ? 'a pair alone has no negatives; name a column with some (negative) or with scores (label)'
      : null,

  encode({ examples }, tokenizer, { maxLength }) {
    const encoded = encoder(tokenizer, maxLength);
    checkScores(examples);
    const cosine = cosineScale(examples);
    return examples.map(({ text, textPair, negative, label }) => ({
      texts: [text, textPair, ...(negative === undefined ? [] : [negative])].map(encoded),
      ...(label !== undefined && { score: cosine(label) }),
    }));
  },

  tokenCount: ({ texts }) => texts.reduce((sum, ids) => sum + ids.length, 0),
  loss: embeddingLoss,

  evaluation({ examples, retrieval }, tokenizer, { maxLength }) {
    const encoded = encoder(tokenizer, maxLength);
    if (retrieval) return retrievalEvaluation(retrieval, encoded);
    return isScored(examples) ? pairEvaluation(examples, encoded) : retrievalEvaluation(collection(examples), encoded);
  },
};

const isScored = (examples: readonly EmbeddingExample[]): boolean => examples[0]?.label !== undefined;

const metricsOf = ({ examples }: EmbeddingDataset): string[] =>
  isScored(examples) ? ['spearman', 'pearson'] : [...retrievalScoreNames];

/** Token ids of texts, each text once. */
function encoder(tokenizer: Tokenizer, maxLength: number): (text: string) => TokenIds {
  const known = new Map<string, TokenIds>();
  return (text) => {
    const ids = known.get(text) ?? tokenizer.encode(text, null, { maxLength }).ids;
    known.set(text, ids);
    return ids;
  };
}

/** The least and the largest score. */
function rangeOf(examples: readonly EmbeddingExample[]): [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const { label = Number.NaN } of examples) [least, most] = [Math.min(least, label), Math.max(most, label)];
  return [least, most];
}

/** Whether scores can be cosines as they are. */
const areCosines = ([least, most]: readonly [number, number]): boolean => least >= -1 && most <= 1;

/** What scores are as cosines: themselves, or from 0 to 1. */
function cosineScale(examples: readonly EmbeddingExample[]): (score: number) => number {
  const [least, most] = rangeOf(examples);
  return areCosines([least, most]) ? (score) => score : (score) => (score - least) / (most - least || 1);
}

/** @throws InputError for scores that are all the same and no cosine */
function checkScores(examples: readonly EmbeddingExample[]): void {
  const [least, most] = rangeOf(examples);
  if (!isScored(examples) || least < most || areCosines([least, most])) return;
  throw new InputError(`All scores are ${least}, which is no cosine; give scores from 0 to 1, or different ones.`);
}

/** Which loss follows from the columns. */
function lossNote(examples: readonly EmbeddingExample[]): string {
  if (isScored(examples)) {
    const range = rangeOf(examples);
    const scaled = areCosines(range) ? 'as they are' : 'scaled to 0 to 1';
    return `loss      squared difference of cosine and score (CosineSimilarityLoss); scores ${range.join(' to ')}, ${scaled}`;
  }
  const others = examples[0]?.negative === undefined ? '' : ' and the negatives';
  return `loss      contrastive, with the other pairs of a batch${others} as negatives (MultipleNegativesRanking)`;
}

/**
 * The mean loss of a batch: for pairs with scores {@link cosineSimilarityLoss}, for others {@link multipleNegativesRankingLoss}. All texts
 * pass through the model at once. Of texts that are in a batch twice neither is a negative of what belongs to the other.
 *
 * @param options the temperature divides the similarities of the contrastive loss
 * @throws InputError for a temperature other than 1 where there are scores, and for items of several kinds
 */
export function embeddingLoss(
  model: SentenceEncoder,
  batch: readonly EmbeddingItem[],
  random?: Random,
  { temperature = 1 }: LossOptions = {},
): Tensor {
  const [first] = batch;
  const count = first.texts.length;
  const other = batch.findIndex(
    ({ texts, score }) => texts.length !== count || (score === undefined) !== (first.score === undefined),
  );
  if (other >= 0)
    throw new InputError(`Item ${other} of the batch has other texts or scores than the first; give all the same.`);
  if (temperature !== 1 && first.score !== undefined) {
    throw new InputError('A temperature divides similarities that are compared; where pairs have scores it must be 1.');
  }
  const columns = first.texts.map((_, column) => batch.map(({ texts }) => texts[column]));
  const packed = packSequences(
    columns.flat().map((ids) => ({ ids })),
    model.encoder.positionIds,
  );
  return tidyInside(() => {
    const vectors = model.forward(packed, random); // [columns · items, width]
    const [n, width] = [batch.length, vectors.shape[1]];
    const [anchors, positives, negatives] = columns.map((_, c) => slice(vectors, [c * n, 0], [(c + 1) * n, width]));
    if (first.score !== undefined) {
      return cosineSimilarityLoss(
        anchors,
        positives,
        batch.map(({ score }) => score as number),
      );
    }
    const excluded = otherAnswers(batch);
    return multipleNegativesRankingLoss(anchors, positives, { negatives, scale: SCALE / temperature, excluded });
  });
}

/** That of Sentence Transformers. */
const SCALE = 20;

/**
 * Candidates that are no negatives of an anchor: the anchor's own text, and what belongs to an equal anchor elsewhere in the batch.
 *
 * @returns pairs of the numbers of an anchor and of a candidate, positives first
 */
function otherAnswers(batch: readonly EmbeddingItem[]): [anchor: number, candidate: number][] {
  const keys = batch.map(({ texts }) => texts.map((ids) => Array.from(ids).join(' ')));
  const answers = new Map<string, Set<string>>();
  for (const [anchor, positive] of keys) {
    const known = answers.get(anchor) ?? new Set([anchor]);
    answers.set(anchor, known.add(positive));
  }
  const candidates = [...keys.map(([, positive]) => positive), ...keys.flatMap(([, , negative]) => negative ?? [])];
  return keys.flatMap(([anchor], i) =>
    candidates.flatMap((text, c): [number, number][] => (c !== i && answers.get(anchor)?.has(text) ? [[i, c]] : [])),
  );
}

type Encode = (text: string) => TokenIds;

/** Judges a model by the correlation of its cosines with the scores of pairs. */
function pairEvaluation(examples: readonly EmbeddingExample[], encoded: Encode): Evaluation<SentenceEncoder> {
  const texts = examples.flatMap(({ text, textPair }) => [encoded(text), encoded(textPair)]);
  const scores = examples.map(({ label = Number.NaN }) => label);
  return {
    size: texts.length,
    async judge(model, options) {
      const similarities = cosines(await embedTexts(model, texts, options), model.config.hidden_size);
      const { numberParts } = await import('../../report/index.ts');
      const textsOf = (i: number) => [examples[i].text, examples[i].textPair];
      // Errors of cosines, so beside the scores as they are learnt from.
      const labels = scores.map(cosineScale(examples));
      return {
        scores: { spearman: spearman(similarities, scores), pearson: pearson(similarities, scores) },
        ...numberParts({ labels, predictions: similarities, textsOf, areSimilarities: true }),
      };
    },
  };
}

/** Pairs without scores as a retrieval set: each text is to be found by what it belongs to. */
function collection(examples: readonly EmbeddingExample[]): RetrievalSet {
  const numbered = (texts: readonly string[]) => new Map([...new Set(texts)].map((text, i) => [text, String(i)]));
  const queryIds = numbered(examples.map(({ text }) => text));
  const documentIds = numbered(
    examples.flatMap(({ textPair, negative }) => [textPair, ...(negative === undefined ? [] : [negative])]),
  );
  const qrels = new Map<string, Record<string, number>>();
  for (const { text, textPair } of examples) {
    const query = queryIds.get(text) as string;
    qrels.set(query, { ...qrels.get(query), [documentIds.get(textPair) as string]: 1 });
  }
  const byId = (ids: ReadonlyMap<string, string>) => new Map([...ids].map(([text, id]) => [id, text]));
  return { queries: byId(queryIds), documents: byId(documentIds), qrels: Object.fromEntries(qrels) };
}

/** As many documents of each query are looked at. */
const MOST = 100;

/** The document with the highest grade, the first of several. */
const mostRelevant = (grades: Readonly<Record<string, number>>): string =>
  Object.entries(grades).reduce((most, one) => (one[1] > most[1] ? one : most))[0];

/** Judges a model by the documents whose vectors are the nearest to those of queries. */
function retrievalEvaluation(
  { documents, queries, qrels }: RetrievalSet,
  encoded: Encode,
): Evaluation<SentenceEncoder> {
  const ids = [...documents.keys()];
  const texts = [...queries.values(), ...documents.values()].map(encoded);
  return {
    size: texts.length,
    async judge(model, options) {
      const vectors = await embedTexts(model, texts, options);
      const split = queries.size * model.config.hidden_size;
      const found = await nearest(vectors.subarray(0, split), vectors.subarray(split), model.config.hidden_size, MOST);
      const run = [...queries.keys()].map((query, q) => [
        query,
        Object.fromEntries(found[q].map(({ index, score }) => [ids[index], score])),
      ]);
      const { mean, perQuery } = retrievalReport(Object.fromEntries(run), qrels, [1, 10, MOST]);
      const { examplesPart } = await import('../../report/index.ts');
      const hardest = [...queries].flatMap(([query, text], q) => {
        const value = Object.hasOwn(perQuery, query) ? perQuery[query]['ndcg@10'] : 1;
        if (value === 1) return [];
        const nearest = found[q].reduce((most, one) => (one.score > most.score ? one : most));
        const predicted = documents.get(ids[nearest.index]) ?? '';
        return [{ texts: [text], expected: documents.get(mostRelevant(qrels[query])) ?? '', predicted, value }];
      });
      return {
        scores: Object.fromEntries(retrievalScoreNames.map((name) => [name, mean[name]])),
        parts: [examplesPart('Queries with the lowest nDCG@10', hardest, { measure: 'nDCG@10', highestFirst: false })],
      };
    },
  };
}
