/**
 * A network from scratch. Two spirals wind around each other, and two layers learn to tell their arms apart. Data, network, loss,
 * gradients and steps are all here; the engine has the numbers and their derivatives.
 */
import { crossEntropy, Random, type Tensor, tensor, tidy, valueAndGrad, zeros } from 'sparse-adapter';
import { normalInit, Parameter } from 'sparse-adapter/nn';

const random = new Random(1);

/** Points of both arms, [2 n, 2], and the arm of each. */
function spirals(n: number): { points: Tensor; arms: Int32Array } {
  const arms = Int32Array.from({ length: 2 * n }, (_, i) => i % 2);
  const rows = Array.from(arms, (arm) => {
    const radius = random.uniform();
    const angle = 5 * radius + arm * Math.PI;
    return [radius * Math.cos(angle) + random.normal(0, 0.02), radius * Math.sin(angle) + random.normal(0, 0.02)];
  });
  return { points: tensor(rows), arms };
}

// Two layers: 2 -> 64 -> 2. A parameter is a tensor with a name whose value steps replace.
const HIDDEN = 64;
const w1 = new Parameter('w1', normalInit(2)([2, HIDDEN], random), [2, HIDDEN]);
const b1 = new Parameter('b1', normalInit(1)([HIDDEN], random), [HIDDEN]);
const w2 = new Parameter('w2', normalInit(0.2)([HIDDEN, 2], random), [HIDDEN, 2]);
const b2 = new Parameter('b2', new Float32Array(2), [2]);
const parameters = [w1, b1, w2, b2];

/** The logits of both arms, [n, 2]: tanh(x W₁ + b₁) W₂ + b₂. */
const network = (x: Tensor): Tensor =>
  x.matmul(w1.tensor()).add(b1.tensor()).tanh().matmul(w2.tensor()).add(b2.tensor());

/** Which arm the network takes each point for. */
async function answers(points: Tensor): Promise<number[]> {
  const logits = await network(points).array();
  return (logits as number[][]).map(([first, second]) => Number(second > first));
}

const train = spirals(200);
const test = spirals(200);

// Gradient descent with momentum: v <- 0.9 v + g, w <- w - 0.2 v.
let velocities = parameters.map(({ shape }) => zeros(shape));
for (let step = 1; step <= 1000; step++) {
  const { value, gradients } = valueAndGrad(() => crossEntropy(network(train.points), train.arms), parameters);
  velocities = tidy(() => velocities.map((v, i) => v.mul(0.9).add(gradients[i])));
  tidy(() => {
    for (const [i, w] of parameters.entries()) w.assign(w.value.sub(velocities[i].mul(0.2)));
  });
  if (step % 200 === 0) console.log(`step ${step}: loss ${(await value.data())[0].toFixed(3)}`);
}

const found = await answers(test.points);
const right = found.filter((arm, i) => arm === test.arms[i]).length;
console.log(`accuracy on new points: ${(right / found.length).toFixed(3)}`);

// The plane as the network sees it.
const [COLUMNS, LINES] = [44, 20];
const grid = Array.from({ length: LINES * COLUMNS }, (_, i) => [
  (2 * (i % COLUMNS)) / (COLUMNS - 1) - 1,
  1 - (2 * Math.floor(i / COLUMNS)) / (LINES - 1),
]);
const picture = (await answers(tensor(grid))).map((arm) => (arm === 1 ? '#' : '.')).join('');
for (let line = 0; line < LINES; line++) console.log(picture.slice(line * COLUMNS, (line + 1) * COLUMNS));
