import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { DTYPE_BYTES, type SafetensorsDtype } from '../../src/io/dtypes.ts';
import { parseSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';

const test = suite('safetensors: writing');

const dtype = fc.constantFrom(...(Object.keys(DTYPE_BYTES) as SafetensorsDtype[]));
const tensor = fc
  .tuple(
    fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
    dtype,
    fc.array(fc.nat(4), { maxLength: 3 }),
  )
  .chain(([name, type, shape]) => {
    const bytes = shape.reduce((a, b) => a * b, DTYPE_BYTES[type]);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes })
      .map((data): TensorData => ({ name, dtype: type, shape, data }));
  });
const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 });

test('what is written is read back bit for bit', () => {
  fc.assert(
    fc.property(tensors, fc.option(fc.dictionary(fc.string(), fc.string()), { nil: undefined }), (list, metadata) => {
      const file = parseSafetensors(serializeSafetensors(list, metadata), 'round trip');
      assert.deepEqual({ ...file.metadata }, { ...metadata });
      assert.deepEqual(new Set(file.names()), new Set(list.map(({ name }) => name)));
      for (const { name, dtype, shape, data } of list) {
        assert.deepEqual(file.info(name), { dtype, shape });
        assert.deepEqual(file.readRaw(name), data);
      }
    }),
  );
});

test('the bytes do not depend on the order of the tensors', () => {
  fc.assert(
    fc.property(
      tensors.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => assert.deepEqual(serializeSafetensors(shuffled), serializeSafetensors(list)),
    ),
  );
});

test('writes the bytes of the reference library', () => {
  // The header that the Python package safetensors 0.8.0 writes for these tensors, padded to 536 bytes.
  const header = [
    '{"__metadata__":{"format":"pt"}',
    '"é":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}',
    '"d":{"dtype":"F64","shape":[1,1],"data_offsets":[8,16]}',
    '"10":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}',
    '"a":{"dtype":"F32","shape":[],"data_offsets":[20,24]}',
    '"b":{"dtype":"F32","shape":[2,3],"data_offsets":[24,48]}',
    '"e":{"dtype":"F32","shape":[0,4],"data_offsets":[48,48]}',
    '"i":{"dtype":"I32","shape":[2],"data_offsets":[48,56]}',
    '"h":{"dtype":"F16","shape":[3],"data_offsets":[56,62]}',
    '"u":{"dtype":"U8","shape":[3],"data_offsets":[62,65]}}',
  ].join(',');
  const data =
    '0100000000000000000000000000f83f0000803f00006040000000000000803f0000004000004040000080400000a040ffffffff07000000003c00400042010203';
  const expected = Buffer.concat([
    Buffer.from('1802000000000000', 'hex'),
    Buffer.from(header.padEnd(535, ' ')), // é takes two bytes
    Buffer.from(data, 'hex'),
  ]);
  const file = serializeSafetensors(
    [
      { name: 'b', dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
      { name: 'a', dtype: 'F32', shape: [], data: Float32Array.of(3.5) },
      { name: 'u', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
      { name: 'd', dtype: 'F64', shape: [1, 1], data: Float64Array.of(1.5) },
      { name: 'i', dtype: 'I32', shape: [2], data: Int32Array.of(-1, 7) },
      { name: 'h', dtype: 'F16', shape: [3], data: Uint8Array.of(0, 0x3c, 0, 0x40, 0, 0x42) },
      { name: 'e', dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
      { name: 'é', dtype: 'I64', shape: [1], data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
      { name: '10', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
    ],
    { format: 'pt' },
  );
  assert.equal(Buffer.from(file).toString('latin1'), expected.toString('latin1'));
});

test('a view into a larger buffer is written without its surroundings', () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const file = parseSafetensors(serializeSafetensors([{ name: 'v', dtype: 'F32', shape: [2], data }]), 'view');
  assert.deepEqual(file.readFloat32('v'), Float32Array.of(1, 2));
});

test('refuses a name twice and values that do not fill the shape', () => {
  const one: TensorData = { name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  assert.throws(() => serializeSafetensors([one, one]), /same name/);
  assert.throws(() => serializeSafetensors([{ ...one, shape: [2] }]), /Tensor "a".*needs 8 bytes, got 4/);
});

test.run();
