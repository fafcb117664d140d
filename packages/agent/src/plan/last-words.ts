/** So many lines of a failed task's log go into its status. */
export const LAST_LINES = 5;
/** Longest text of them, in characters. */
const MOST_CHARACTERS = 1_024;
/** Colours and other sequences of terminals; then every other control character, and halves of characters. */
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROLS = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;

/** The last lines that a program printed, fit for a status: one line, no control characters, bounded; empty when it said nothing. */
export function lastWords(lines: readonly string[]): string {
  const said = lines.map(plain).filter((line) => line !== '');
  const text = said.slice(-LAST_LINES).join(' | ');
  return text.length <= MOST_CHARACTERS ? text : `…${text.slice(1 - MOST_CHARACTERS).replace(CONTROLS, '')}`;
}

function plain(line: string): string {
  // What is far from the end cannot be shown anyway, and a line may be long.
  const end = line.slice(-2 * MOST_CHARACTERS);
  return end.replace(SEQUENCES, '').replace(CONTROLS, ' ').trim();
}
