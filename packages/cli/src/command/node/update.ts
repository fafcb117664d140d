import { TAINT_EFFECTS, type Taint, type Toleration } from '@tessera/api';
import { parseTaint, parseToleration } from '@tessera/api/placement/taint';
import { usageFailure } from '../../failure.js';
import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { pairValue } from '../parse.js';
import { coresValue, sizeValue } from '../service/spec-flags.js';

/** In the place of an amount: what the agent says. */
const AS_AGENT = 'agent';

interface UpdateOptions {
  availability?: 'active' | 'pause' | 'drain';
  role?: 'manager' | 'worker';
  labelAdd?: [string, string][];
  labelRm?: string[];
  reserveCpu?: number | typeof AS_AGENT;
  reserveMemory?: number | typeof AS_AGENT;
  taint?: Taint[];
  taintRm?: Toleration[];
}

export const command = defineCommand<UpdateOptions>({
  arguments: '<node>',
  options: [
    { flags: '--availability <state>', summary: 'active, pause (no new tasks) or drain (no tasks)', choices: ['active', 'pause', 'drain'] },
    { flags: '--role <role>', summary: 'manager or worker', choices: ['manager', 'worker'] },
    { flags: '--label-add <key=value>', summary: 'set a label', repeat: true, parse: pairValue },
    { flags: '--label-rm <key>', summary: 'take a label away', repeat: true },
    {
      flags: '--taint <key=value:effect>',
      summary: 'keep tasks off that do not tolerate it: no-schedule (new ones), prefer-no-schedule, no-execute (all)',
      repeat: true,
      parse: taintValue,
    },
    {
      flags: '--reserve-cpu <cores>',
      summary: 'cores kept for the host itself, such as 0.5; agent: as its agent says',
      parse: orAgent(coresValue),
    },
    {
      flags: '--reserve-memory <size>',
      summary: 'memory kept for the host itself, such as 512M; agent: as its agent says',
      parse: orAgent(sizeValue),
    },
    { flags: '--taint-rm <key[:effect]>', summary: 'take a taint away', repeat: true, parse: patternValue },
  ],
  examples: [
    { line: 'tsctl node update --label-add zone=eu --label-add disk=ssd node1', does: 'labels for placement constraints' },
    { line: 'tsctl node update --availability pause node1', does: 'no new tasks here' },
    { line: 'tsctl node update --taint dedicated=db:no-schedule node1', does: 'new tasks only if they tolerate dedicated=db' },
  ],
  async run(session, [ref = ''], { availability, role, labelAdd = [], labelRm = [], reserveCpu, reserveMemory, taint, taintRm }) {
    const labels = Object.fromEntries([...labelRm.map((key): [string, null] => [key, null]), ...labelAdd]);
    const hasLabels = labelAdd.length + labelRm.length > 0;
    const reserved = {
      ...(reserveCpu !== undefined && { nanoCpus: reserveCpu === AS_AGENT ? null : reserveCpu }),
      ...(reserveMemory !== undefined && { memoryBytes: reserveMemory === AS_AGENT ? null : reserveMemory }),
    };
    const body = {
      ...(availability && { availability }),
      ...(role && { role }),
      ...(hasLabels && { labels }),
      ...(Object.keys(reserved).length > 0 && { reserved }),
      ...(taint && { taintsAdd: taint }),
      ...(taintRm && { taintsRemove: taintRm }),
    };
    if (Object.keys(body).length === 0)
      throw usageFailure(
        'nothing to change',
        'give --availability, --role, --label-add, --label-rm, --reserve-cpu, --reserve-memory, --taint or --taint-rm',
      );
    const client = await session.client();
    const node = await onlyExisting(client.call('updateNode', { params: { ref }, body }), 'node', ref);
    if (wantsData(session)) await printData(session, node);
    else session.print(node.name);
    return 0;
  },
});

/** A value, or that the agent's own is to hold. */
function orAgent(parse: (text: string) => number): (text: string) => number | typeof AS_AGENT {
  return (text) => (text === AS_AGENT ? AS_AGENT : parse(text));
}

function taintValue(text: string): Taint {
  const taint = parseTaint(text);
  if (!taint) throw usageFailure(`"${text}" is no taint`, `write it as dedicated=db:${TAINT_EFFECTS.join(' or dedicated=db:')}`);
  return taint;
}

function patternValue(text: string): Toleration {
  const pattern = parseToleration(text);
  if (!pattern) throw usageFailure(`"${text}" names no taint`, 'write it as dedicated or dedicated:no-schedule');
  return pattern;
}
