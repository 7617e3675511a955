/**
 * A transformer from scratch. It reads six letters and writes them in reverse order, which one layer of attention can do once it has
 * learnt to look at the mirrored place. Attention, the block around it, the loss and Adam are here; layers and their parameters are
 * those of `sparse-adapter/nn`.
 */
import { crossEntropy, Random, type Tensor, tidy, valueAndGrad, zeros } from 'sparse-adapter';
import { Embedding, LayerNorm, Linear, normalInit, ParameterPath } from 'sparse-adapter/nn';

const LETTERS = 'abcdefgh';
const LENGTH = 6;
const WIDTH = 32;
const HEADS = 2;

const random = new Random(7);
// Parameters are named by their place, as in a checkpoint, and drawn from the seed and their name.
const root = ParameterPath.root(random);
const init = { weight: normalInit(0.15) };

const letterTable = new Embedding(root.at('letters'), LETTERS.length, WIDTH);
const placeTable = new Embedding(root.at('places'), LENGTH, WIDTH);

/** LN(x + attention(x)), then LN(x + feed-forward(x)): the block of Vaswani et al. (2017). */
class Block {
  readonly #query: Linear;
  readonly #key: Linear;
  readonly #value: Linear;
  readonly #output: Linear;
  readonly #up: Linear;
  readonly #down: Linear;
  readonly #norms: readonly LayerNorm[];

  constructor(path: ParameterPath) {
    const linear = (name: string, from: number, to: number) => new Linear(path.at(name), from, to, init);
    this.#query = linear('query', WIDTH, WIDTH);
    this.#key = linear('key', WIDTH, WIDTH);
    this.#value = linear('value', WIDTH, WIDTH);
    this.#output = linear('output', WIDTH, WIDTH);
    this.#up = linear('up', WIDTH, 4 * WIDTH);
    this.#down = linear('down', 4 * WIDTH, WIDTH);
    this.#norms = ['attention', 'feedForward'].map((name) => new LayerNorm(path.at(name).at('norm'), WIDTH, 1e-5));
  }

  /** [batch, length, width] -> [batch, length, width] */
  forward(x: Tensor): Tensor {
    const attended = this.#norms[0].forward(x.add(this.#output.forward(this.attention(x))));
    return this.#norms[1].forward(attended.add(this.#down.forward(this.#up.forward(attended).gelu())));
  }

  /** softmax(Q Kᵀ / √d) V for each head. */
  attention(x: Tensor): Tensor {
    const [batch] = x.shape;
    const depth = WIDTH / HEADS;
    /** [batch, length, width] -> [batch, heads, length, depth] */
    const split = (t: Tensor) => t.reshape([batch, LENGTH, HEADS, depth]).permute([0, 2, 1, 3]);
    const [q, k, v] = [this.#query, this.#key, this.#value].map((layer) => split(layer.forward(x)));
    const weights = q
      .matmul(k.permute([0, 1, 3, 2]))
      .mul(1 / Math.sqrt(depth))
      .softmax();
    return weights.matmul(v).permute([0, 2, 1, 3]).reshape([batch, LENGTH, WIDTH]);
  }
}

const block = new Block(root.at('block'));
const head = new Linear(root.at('head'), WIDTH, LETTERS.length, init);

/** Logits of the letters to write, [batch · length, letters]. */
function model(ids: Int32Array): Tensor {
  const batch = ids.length / LENGTH;
  const places = Int32Array.from(ids, (_, i) => i % LENGTH);
  const x = letterTable.forward(ids).add(placeTable.forward(places)).reshape([batch, LENGTH, WIDTH]);
  return head.forward(block.forward(x)).reshape([batch * LENGTH, LETTERS.length]);
}

/** Words of random letters, one after the other, and what is to be written for them. */
function examples(batch: number): { ids: Int32Array; reversed: Int32Array } {
  const words = Array.from({ length: batch }, () =>
    Array.from({ length: LENGTH }, () => Math.floor(random.uniform() * LETTERS.length)),
  );
  return { ids: Int32Array.from(words.flat()), reversed: Int32Array.from(words.flatMap((word) => word.toReversed())) };
}

// Adam: means of gradients and of their squares, both corrected for having begun at 0.
const parameters = root.parameters();
let moments = parameters.map(({ shape }) => ({ m: zeros(shape), v: zeros(shape) }));
function adam(gradients: readonly Tensor[], step: number, learningRate: number): void {
  moments = moments.map(({ m, v }, i) => ({
    m: m.mul(0.9).add(gradients[i].mul(0.1)),
    v: v.mul(0.99).add(gradients[i].mul(gradients[i]).mul(0.01)),
  }));
  tidy(() =>
    parameters.forEach((parameter, i) => {
      const mean = moments[i].m.div(1 - 0.9 ** step);
      const scale = moments[i].v
        .div(1 - 0.99 ** step)
        .sqrt()
        .add(1e-8);
      parameter.assign(parameter.value.sub(mean.div(scale).mul(learningRate)));
    }),
  );
}

for (let step = 1; step <= 300; step++) {
  const { ids, reversed } = examples(32);
  const { value, gradients } = valueAndGrad(() => crossEntropy(model(ids), reversed), parameters);
  adam(gradients, step, 0.003);
  // Awaiting gives the garbage collector its turn.
  const [loss] = await value.data();
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
}

/** Returns the letters that the model writes. */
async function written(ids: Int32Array): Promise<number[]> {
  const logits = (await model(ids).array()) as number[][];
  return logits.map((row) => row.indexOf(Math.max(...row)));
}

const { ids, reversed } = examples(200);
const letters = await written(ids);
const right = letters.filter((id, i) => id === reversed[i]).length;
console.log(`letters that are right in new words: ${(right / letters.length).toFixed(3)}`);
const spelt = (word: Iterable<number>) => [...word].map((id) => LETTERS[id]).join('');
for (let i = 0; i < 3 * LENGTH; i += LENGTH) {
  console.log(`${spelt(ids.slice(i, i + LENGTH))} -> ${spelt(letters.slice(i, i + LENGTH))}`);
}
