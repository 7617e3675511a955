import * as v from 'valibot';
import { boolean, listOf, text } from '../../settings/index.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import type { Normalizer } from '../stages.ts';
import type { NormalizationForm } from '../unicode/normalization.ts';
import { bertNormalizer } from './bert-normalizer.ts';
import { lowerCase } from './lower-case.ts';
import { normalizeForm } from './normalization-forms.ts';
import { strip, stripMarks } from './strips.ts';

const normalizationForm = (form: NormalizationForm) =>
  componentKind({}, (): Normalizer => (changed) => normalizeForm(changed, form));

const bert = componentKind(
  {
    clean_text: boolean,
    handle_chinese_chars: boolean,
    strip_accents: v.nullish(boolean),
    lowercase: boolean,
  },
  bertNormalizer,
);

const stripKind = componentKind({ strip_left: boolean, strip_right: boolean }, ({ strip_left, strip_right }) =>
  strip(strip_left, strip_right),
);

/** The kinds of normalizers by their names, older ones included; the others are in further-normalizers.ts. */
export const normalizers: ComponentKinds<Normalizer> = {
  BertNormalizer: bert,
  Bert: bert,
  Strip: stripKind,
  StripNormalizer: stripKind,
  StripAccents: componentKind({}, () => stripMarks),
  NFC: normalizationForm('NFC'),
  NFD: normalizationForm('NFD'),
  NFKC: normalizationForm('NFKC'),
  NFKD: normalizationForm('NFKD'),
  Sequence: componentKind({ normalizers: listOf(v.lazy(() => componentSchema(normalizers))) }, (fields): Normalizer => {
    const steps = fields.normalizers.map((step) => makeComponent(normalizers, step));
    return (changed) => steps.reduce((result, step) => step(result), changed);
  }),
  Lowercase: componentKind({}, () => lowerCase),
  Prepend: componentKind(
    { prepend: text },
    ({ prepend }): Normalizer =>
      (changed) =>
        changed.prepended(prepend),
  ),
};
