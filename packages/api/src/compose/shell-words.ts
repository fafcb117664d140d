/** What ended the splitting too early: a quote or backslash without its end. */
export class UnfinishedQuote extends Error {}

/**
 * Splits a command line into words as a POSIX shell does, with quotes and backslashes, but runs nothing and expands nothing:
 * `$x`, `;` and `|` stay as they are. Source of the rule: Compose's string form of `command`.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let index = 0;
  while (index < line.length) {
    const char = line.charAt(index);
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      index++;
      continue;
    }
    const [text, next] = readPart(line, index);
    word = (word ?? '') + text;
    index = next;
  }
  return word === undefined ? words : [...words, word];
}

/** One quoted, escaped or bare part of a word, and the index after it. */
function readPart(line: string, start: number): [text: string, next: number] {
  const char = line.charAt(start);
  if (char === "'") return readSingleQuoted(line, start + 1);
  if (char === '"') return readDoubleQuoted(line, start + 1);
  if (char !== '\\') return [char, start + 1];
  if (start + 1 >= line.length) throw new UnfinishedQuote('the backslash at the end escapes nothing');
  const escaped = line.charAt(start + 1);
  return [escaped === '\n' ? '' : escaped, start + 2];
}

function readSingleQuoted(line: string, start: number): [string, number] {
  const end = line.indexOf("'", start);
  if (end < 0) throw new UnfinishedQuote("a single quote (') is not closed");
  return [line.slice(start, end), end + 1];
}

function readDoubleQuoted(line: string, start: number): [string, number] {
  let text = '';
  for (let index = start; index < line.length; index++) {
    const char = line.charAt(index);
    if (char === '"') return [text, index + 1];
    // Within double quotes a backslash escapes only what would be special there.
    if (char === '\\' && '"\\$`\n'.includes(line.charAt(index + 1))) {
      index++;
      if (line.charAt(index) !== '\n') text += line.charAt(index);
    } else text += char;
  }
  throw new UnfinishedQuote('a double quote (") is not closed');
}
