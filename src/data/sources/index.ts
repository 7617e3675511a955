import { addSourceKinds } from '../source-of.ts';
import { beir } from './beir-folder.ts';
import { conll } from './conll-files.ts';
import { glue } from './glue-folder.ts';
import { hub } from './hub.ts';
import { squad } from './squad-files.ts';
import { tableFiles } from './table-files.ts';
import { wordnet } from './wordnet.ts';
import { xsum } from './xsum-folder.ts';

/** The sources of rows in files, in the order in which they are asked. */
addSourceKinds(hub, wordnet, glue, squad, conll, xsum, beir, tableFiles);
