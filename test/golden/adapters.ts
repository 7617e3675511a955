import { basename, join } from 'node:path';
import { grad, hvp, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded } from '../../src/models/index.ts';
import { type BartAdapterCase, runBartAdapter } from './bart.ts';
import { type Area, bothBackends, type Case, type Compare, caseFolders, readJson } from './framework.ts';
import { type AdapterSpec, adaptedClassifier, type LabelledBatch, missingFor, storedName, unpack } from './models.ts';

interface AdapterCase {
  readonly backbone: string;
  readonly adapter: string;
  readonly expected: string;
  readonly spec: AdapterSpec;
  readonly inputs: LabelledBatch;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars: { loss: { value: number; tol: number } };
}

function run(folder: string, golden: AdapterCase, compare: Compare): void {
  const { model, adapter } = adaptedClassifier(
    join(folder, golden.backbone),
    join(folder, golden.adapter),
    golden.spec,
  );
  const batch = packPadded(golden.inputs, model.encoder.positionIds);
  const loss = () => model.loss(model.forward(batch), golden.inputs.labels);
  tidy(() => {
    const values: Record<string, ArrayLike<number>> = { logits: model.forward(batch).dataSync() };
    model.encoder.hiddenStates(batch).forEach((state, i) => {
      values[`hidden_states.${i}`] = unpack(state, batch);
    });
    compare('loss', loss().dataSync(), [golden.scalars.loss.value], golden.scalars.loss.tol);

    const parameters = model.parameters();
    const all = parameters.map(({ value }) => value);
    grad(loss(), all).forEach((g, i) => {
      values[`grad/${storedName(golden.spec, parameters[i])}`] = g.dataSync();
    });
    // H g over the tensors of the adapter alone.
    const leaves = adapter.parameters.map(({ value }) => value);
    hvp(loss, leaves, grad(loss(), leaves)).forEach((h, i) => {
      values[`hg/${storedName(golden.spec, adapter.parameters[i])}`] = h.dataSync();
    });
    const expected = openSafetensors(join(folder, golden.expected));
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      compare(name, values[name], expected.readFloat32(name), tol);
    }
  });
}

export const adapters: Area = {
  name: 'adapters',
  backends: bothBackends,
  cases: (folder) =>
    caseFolders(join(folder, 'adapters')).map((path): Case => {
      const golden = readJson<AdapterCase>(path, 'case.json');
      const isBart = readJson(path, golden.backbone, 'config.json').model_type === 'bart';
      return {
        name: basename(path),
        missing: missingFor(path, golden.spec),
        run: isBart
          ? (compare) => runBartAdapter(path, readJson<BartAdapterCase>(path, 'case.json'), compare)
          : (compare) => run(path, golden, compare),
      };
    }),
};
