import { isEncoderDecoder } from '../models/browser.ts';
import type { PortableAdapter } from './portable.ts';

/** Methods whose tensors take part as tokens or as keys and values, which PEFT's classes treat by themselves. */
const promptLearning = ['PREFIX_TUNING', 'PROMPT_TUNING', 'P_TUNING'];

/** Lines on what Python must do beside loading the files, and on what PEFT's classes cannot. */
export function pythonLines(peftType: string, { config, headKind }: PortableAdapter): string[] {
  if (isEncoderDecoder(config)) return [];
  const lines: string[] = [];
  const isPrompt = promptLearning.includes(peftType);
  if (peftType === 'PREFIX_TUNING') {
    lines.push(
      'PEFT runs prefixes of BERT and RoBERTa with transformers 4 alone: those of transformers 5 take no keys and values.',
    );
    if (config.model_type === 'roberta' && headKind === 'sequence-classification') {
      lines.push(
        'PEFT cannot run a prefix on RobertaForSequenceClassification, whose outputs it mistakes for those of a pooler.',
      );
    }
  }
  const dropsTypes = headKind === 'question-answering' || (isPrompt && headKind === 'none');
  if (dropsTypes && config.type_vocab_size > 1) {
    lines.push(
      isPrompt
        ? 'PEFT drops token types here, so outputs for pairs of texts differ there.'
        : "PEFT's class for question answering drops token types: in Python call model.base_model(...), which does not.",
    );
  }
  return lines;
}
