import type { DeployResult } from '@tessera/api';
import type { Style } from '../../output/style.js';
import { counted } from '../../output/units.js';

type Change = DeployResult['changes'][number];

const SIGNS: Readonly<Record<Change['outcome'], string>> = { created: '+', updated: '~', unchanged: ' ', removed: '-' };

/** A line for each object that a deploy changes, and how many it leaves alone. */
export function changeLines(changes: readonly Change[], style: Style): string[] {
  const lines = changes.filter((change) => change.outcome !== 'unchanged').map((change) => paint(change, lineOf(change), style));
  const unchanged = changes.length - lines.length;
  return unchanged === 0 ? lines : [...lines, style.dim(`  ${counted(unchanged, 'object')} unchanged`)];
}

function lineOf({ kind, name, outcome, restarts }: Change): string {
  const effect = outcome === 'updated' && kind === 'services' ? (restarts ? ' (its tasks are replaced)' : ' (its tasks stay)') : '';
  return `${SIGNS[outcome]} ${kind.slice(0, -1)} ${name} ${outcome}${effect}`;
}

function paint(change: Change, line: string, style: Style): string {
  if (change.outcome === 'created') return style.green(line);
  return change.outcome === 'removed' ? style.red(line) : style.yellow(line);
}

/** What the manager says deserves a look. */
export function warningLines(warnings: readonly string[] = [], style: Style): string[] {
  return warnings.map((warning) => `${style.yellow('warning:')} ${warning}`);
}
