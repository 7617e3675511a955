import { erfc } from './erfc.ts';

/** McNemar's test (McNemar 1947): whether two classifiers err equally often on the same examples. */
export interface McNemarTest {
  /** The two-sided binomial test of min(b, c) among b + c with probability 1/2: exact for any number of examples. */
  readonly pExact: number;
  /** 2 P(X <= min) - P(X = min): less conservative than the exact one (Fagerland et al. 2013). */
  readonly pMid: number;
  /** (b - c)² / (b + c), and its p of chi-squared with one degree of freedom. */
  readonly chi2: number;
  readonly pChi2: number;
  /** max(0, |b - c| - 1)² / (b + c), with the continuity correction of Edwards (1948). */
  readonly chi2Corrected: number;
  readonly pChi2Corrected: number;
}

/**
 * McNemar's test of the examples on which two classifiers differ. No such example: all p are 1, all statistics 0.
 *
 * @param onlyFirstRight b, the number of examples on which only the first is right
 * @param onlySecondRight c, on which only the second is
 * @throws RangeError for what is no whole number from 0
 */
export function mcnemar(onlyFirstRight: number, onlySecondRight: number): McNemarTest {
  for (const [name, count] of Object.entries({ onlyFirstRight, onlySecondRight })) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new RangeError(`mcnemar: ${name} must be a whole number from 0, not ${String(count)}.`);
  }
  const total = onlyFirstRight + onlySecondRight;
  if (total === 0) return { pExact: 1, pMid: 1, chi2: 0, pChi2: 1, chi2Corrected: 0, pChi2Corrected: 1 };
  const difference = Math.abs(onlyFirstRight - onlySecondRight);
  const [chi2, chi2Corrected] = [difference, Math.max(0, difference - 1)].map((d) => (d * d) / total);
  const { below, at } = halfBinomial(Math.min(onlyFirstRight, onlySecondRight), total);
  return {
    pExact: Math.min(1, 2 * (below + at)),
    pMid: Math.min(1, 2 * below + at),
    chi2,
    pChi2: erfc(Math.sqrt(chi2 / 2)),
    chi2Corrected,
    pChi2Corrected: erfc(Math.sqrt(chi2Corrected / 2)),
  };
}

/**
 * P(X < k) and P(X = k) of a binomial X of n with probability 1/2, k <= n / 2. The terms fall by (i + 1) / (n - i) from i + 1 to i, so they are
 * summed from the largest until they change nothing.
 */
function halfBinomial(k: number, n: number): { below: number; at: number } {
  // C(n, k) / 2^n as a product of factors near 1, taken so that it neither overflows nor vanishes on the way.
  let at = 1;
  let halves = n;
  for (let i = 1; i <= k; i++) {
    at *= (n - k + i) / i;
    while (at > 1 && halves > 0) {
      at /= 2;
      halves--;
    }
  }
  at *= 2 ** -halves;
  let below = 0;
  let term = at;
  for (let i = k - 1; i >= 0; i--) {
    term *= (i + 1) / (n - i);
    if (below + term === below) break;
    below += term;
  }
  return { below, at };
}
