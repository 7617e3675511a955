import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { tensor, tidy } from '../../src/index.ts';
import { Rotary } from '../../src/models/parts/rotary.ts';
import { Pass } from '../../src/models/pass.ts';
import { commonAngles, rotaryAngles } from '../../src/models/rope-config.ts';
import { assertInputError } from '../io/input-error.ts';

const test = suite('models: kinds of rotary positions');

const sizes = { headDim: 8, positions: 40 };
const longrope = { rope_type: 'longrope', short_factor: [1, 1.5, 2, 3], long_factor: [2, 4, 6, 8] };
const yarn = { rope_type: 'yarn', factor: 4 };
const llama3 = { rope_type: 'llama3', factor: 4, low_freq_factor: 1, high_freq_factor: 4 };

/** The parameters, and what transformers 5.24 makes of them for the base 100, to six digits. */
const cases: readonly (readonly [
  told: object,
  speeds: readonly number[],
  scale: number,
  longer?: readonly number[],
])[] = [
  [{}, [1, 0.316228, 0.1, 0.0316228], 1],
  [{ type: 'linear', factor: 2 }, [0.5, 0.158114, 0.05, 0.0158114], 1],
  [{ rope_type: 'dynamic', factor: 2 }, [1, 0.316228, 0.1, 0.0316228], 1],
  [{ ...yarn, original_max_position_embeddings: 10 }, [1, 0.0790569, 0.025, 0.00790569], 1.13863],
  [
    {
      ...yarn,
      ...{ original_max_position_embeddings: 200, beta_fast: 8, beta_slow: 2 },
      truncate: false,
      attention_factor: 0.7,
    },
    [1, 0.316228, 0.0501412, 0.00790569],
    0.7,
  ],
  [{ ...yarn, mscale: 0.7, mscale_all_dim: 1.2 }, [1, 0.197642, 0.025, 0.00790569], 0.940572],
  [
    { ...longrope, original_max_position_embeddings: 8 },
    [1, 0.210818, 0.05, 0.0105409],
    1.33191,
    [0.5, 0.0790569, 0.0166667, 0.00395285],
  ],
  [{ ...llama3, original_max_position_embeddings: 20 }, [0.795775, 0.0795775, 0.025, 0.00790569], 1],
  [{ rope_type: 'proportional', partial_rotary_factor: 0.5, factor: 2 }, [0.5, 0.158114, 0, 0], 1],
];

function assertNear(
  numbers: readonly number[] | undefined,
  expected: readonly number[] | undefined,
  about: string,
): void {
  assert.equal(numbers?.length, expected?.length, about);
  for (const [i, value] of (expected ?? []).entries()) {
    const found = numbers?.[i] ?? Number.NaN;
    assert.ok(Math.abs(found - value) <= 1e-5 * value, `${about}: ${found}, ${value}`);
  }
}

test('each kind has the speeds and the factor that transformers computes', () => {
  for (const [told, speeds, scale, longer] of cases) {
    const found = rotaryAngles([told], 100, sizes);
    const about = JSON.stringify(told);
    assertNear(found.speeds, speeds, about);
    assertNear([found.scale], [scale], about);
    assertNear(found.longer?.speeds, longer, about);
  }
});

test('the field beside the parameters goes before theirs', () => {
  const trained = { ...yarn, original_max_position_embeddings: 40 };
  const fields = {
    rope_parameters: trained,
    rope_scaling: null,
    rope_theta: 100,
    original_max_position_embeddings: 10,
  };
  assertNear(commonAngles(fields, 1, sizes).speeds, [1, 0.0790569, 0.025, 0.00790569], 'beside');
});

test('a longer text has other speeds than a shorter one beside it', () => {
  const rotary = new Rotary({ speeds: [1], scale: 2, longer: { above: 2, speeds: [0.5] } });
  const offsets = Int32Array.of(0, 3, 5);
  const columns = Int32Array.of(0, 1, 2, 0, 1);
  const rows = tensor(Array(5).fill([1, 0]).flat(), [5, 2]);
  tidy(() => {
    const scheme = rotary.before((query) => query);
    const options = {
      heads: 1,
      scale: 1,
      queryOffsets: offsets,
      keyOffsets: offsets,
      keyCounts: Int32Array.of(3, 2),
      causal: false,
    };
    const turned = scheme(
      rows,
      rows,
      rows,
      options,
      { queries: columns, keys: columns, keyOffsets: offsets },
      new Pass(offsets),
    );
    const angles = [0, 0.5, 1, 0, 1];
    const expected = angles.flatMap((angle) => [2 * Math.cos(angle), 2 * Math.sin(angle)]);
    Array.from(turned.dataSync()).forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]) < 1e-6, `${i}: ${value}, ${expected[i]}`);
    });
  });
});

test('what a kind needs, and what none has, is said by name', () => {
  const wrong: [object, RegExp][] = [
    [{ rope_type: 'axial' }, /rope_type must be one of default, linear, dynamic/],
    [{ rope_type: 'yarn' }, /factor is missing; it must be there for rope_type yarn/],
    [{ ...llama3, low_freq_factor: null }, /low_freq_factor is missing/],
    [{ ...longrope, long_factor: null }, /long_factor is missing/],
    [{ ...longrope, long_factor: [1, 2] }, /long_factor 2 is not supported; it must be a list of 4 numbers/],
    [
      { ...yarn, partial_rotary_factor: 0.5 },
      /partial_rotary_factor 0\.5 is not supported; it must be 1 for rope_type yarn/,
    ],
    [{ partial_rotary_factor: 2 }, /partial_rotary_factor must be at most 1/],
  ];
  for (const [told, message] of wrong) assertInputError(() => rotaryAngles([told], 100, sizes), message);
});

test.run();
