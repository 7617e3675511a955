import { albert } from './albert.ts';
import { addArchitecture } from './architectures.ts';
import { debertaV2 } from './deberta-v2.ts';
import { distilbert } from './distilbert.ts';
import { electra } from './electra.ts';
import { gte } from './gte.ts';
import { modernBert } from './modernbert.ts';
import { mpnet } from './mpnet.ts';
import { nomicBert } from './nomic-bert.ts';
import { camembert, xlmRoberta } from './xlm-roberta.ts';

/** Lets files be of all architectures there are. */
export function addArchitectures(): void {
  const further = [distilbert, xlmRoberta, camembert, electra, mpnet, albert, debertaV2];
  for (const architecture of further) addArchitecture(architecture);
  for (const architecture of [modernBert, nomicBert, gte]) addArchitecture(architecture);
}
