import assert from 'node:assert/strict';
import { assignmentOf } from '../testing/builders.js';
import { expand } from './template.js';

const NODE = { id: 'n1', hostname: 'alpha', os: 'linux', architecture: 'x86_64' };
const TASK = assignmentOf({ serviceLabels: { tier: 'front', 'a.b': 'dotted' } });

describe('expand', () => {
  const cases: [string, string][] = [
    ['{{.Node.ID}}/{{.Node.Hostname}}', 'n1/alpha'],
    ['{{.Node.Platform.OS}}-{{.Node.Platform.Architecture}}', 'linux-x86_64'],
    ['{{ .Service.Name }} {{.Service.ID}}', 'shop_web s1'],
    ['{{.Task.Name}}', 'shop_web.1.t1'],
    ['{{.Service.Labels.tier}}, {{.Service.Labels.none}}', 'front, '],
    ['{{index .Service.Labels "a.b"}}', 'dotted'],
    ['{% jinja %} {{ other }}', '{% jinja %} {{ other }}'],
  ];
  for (const [text, expected] of cases) {
    it(`makes "${expected}" of "${text}"`, () => assert.equal(expand(text, TASK, NODE), expected));
  }

  it("puts the node's id in the slot's place for global services", () => {
    const { slot: _slot, ...task } = TASK;
    assert.equal(expand('{{.Task.Slot}}', task, NODE), 'n1');
  });
});
