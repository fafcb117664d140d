import assert from 'node:assert/strict';
import { ConstraintError, parseConstraint } from './constraint.js';

/** A constraint, values that fulfil it, and values that do not. */
const cases: Array<[text: string, yes: string[], no: string[]]> = [
  ['node.labels.disk==ssd', ['ssd', 'SSD'], ['', 'hdd']],
  ['node.labels.disk!=ssd', ['', 'hdd'], ['Ssd']],
  ['node.labels.zone in (a, b-1)', ['a', 'B-1'], ['', 'c']],
  ['node.labels.zone in(a)', ['a'], ['b']],
  ['node.labels.zone not in (a, b)', ['', 'c'], ['A', 'b']],
  ['node.ip in (10.1.0.0/16, 10.2.0.1)', ['10.1.9.9', '10.2.0.1'], ['10.2.0.2', '']],
  ['node.platform.arch in (x86_64, aarch64)', ['amd64', 'arm64'], ['arm']],
  ['node.labels.cores > 8', ['9', '16', 'v8.1'], ['8', '7', '', 'many']],
  ['node.labels.cores>=8', ['8', '8.0', '10'], ['7', '']],
  ['node.labels.cores <8', ['7', '7.9.1'], ['8', '', 'few']],
  ['engine.labels.kernel <= 5.10', ['5.9', '5.10', '5.10.0-amd64'], ['5.10.1', '6.1', '5.']],
  ['node.hostname =~ ^web-[0-9]+$', ['web-1', 'WEB-22'], ['web-', 'db-web-1', '']],
  ['node.hostname!~web', ['db', ''], ['my-web-1']],
  ['node.labels.note=~a b', ['xa by'], ['ab']],
];

const broken: Array<[text: string, says: RegExp, cure: RegExp]> = [
  ['node.labels.disk', /is not a constraint/, /write key==value or key!=value/],
  ['node.labels.disk=ssd', /is not a constraint/, /write key==value/],
  ['node.labels.zone in a, b', /is not a constraint/, /in \(a, b\)/],
  ['node.labels.zone in (a, b', /no end of its list/, /write key in \(a, b\)/],
  ['node.labels.zone in ()', /an empty value in its list/, /in \(a, b\)/],
  [`node.labels.zone in (${Array(65).fill('a').join()})`, /more than 64 values/, /label/],
  ['node.labels.a==b==c', /"b==c" has a character that is not allowed/, /write/],
  ['node.label.disk==ssd', /"node.label.disk" is nothing of a node/, /known are node.id/],
  ['node.labels.==ssd', /is nothing of a node/, /known are/],
  ['node.role==', /has no value/, /write/],
  ['node.ip==10.1.2.300', /neither an IP address nor a network/, /10\.0\.0\.0\/8/],
  ['node.ip==10.1.0.0/33', /neither an IP address nor a network/, /10\.0\.0\.0\/8/],
  ['node.ip>10.1.0.0', /addresses have no order/, /node.ip==/],
  ['node.ip=~10', /not matched by patterns/, /node.ip==/],
  ['node.labels.cores>many', /"many" is neither a whole number nor a version/, /8 or 5\.10/],
  ['node.hostname=~', /has no pattern/, /write/],
  ['node.hostname=~(a', /cannot be read: missing closing \)/, /RE2/],
  ['node.hostname=~(?=a)', /cannot be read/, /no look-around/],
  [`node.hostname=~${'a'.repeat(257)}`, /longer than 256 characters/, /label/],
];

describe('A placement constraint', () => {
  for (const [text, yes, no] of cases) {
    it(`${text} tells values apart`, () => {
      const { matches } = parseConstraint(text);
      assert.deepEqual([yes.filter((value) => !matches(value)), no.filter(matches)], [[], []]);
    });
  }

  for (const [text, says, cure] of broken) {
    it(`${text.slice(0, 60)} is refused with a reason`, () => {
      assert.throws(
        () => parseConstraint(text),
        (error) => error instanceof ConstraintError && says.test(error.message) && cure.test(error.cure),
      );
    });
  }

  it('is written in one way, however it was written', () => {
    const written = ['NODE.Role  ==  worker', 'node.labels.A  NOT   IN  ( x ,y )', 'node.labels.a >= 3'].map((text) =>
      parseConstraint(text),
    );
    assert.deepEqual(
      written.map(({ text }) => text),
      ['node.role==worker', 'node.labels.A not in (x, y)', 'node.labels.a>=3'],
    );
    for (const { text } of written) assert.equal(parseConstraint(text).text, text);
  });

  it('looks at a long value with a nested pattern without delay', () => {
    assert.equal(parseConstraint('node.labels.a=~^(a+)+$').matches(`${'a'.repeat(100_000)}!`), true);
    assert.equal(parseConstraint('node.labels.a=~^(a+)+$').matches(`${'a'.repeat(4_000)}!`), false);
  });
});
