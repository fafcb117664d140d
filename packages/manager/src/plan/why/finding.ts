import type { Finding, Node, Service, Task } from '@tessera/api';

export type Target = { kind: 'service'; object: Service } | { kind: 'task'; object: Task } | { kind: 'node'; object: Node };

type Words = Pick<Finding, 'text'> & Partial<Pick<Finding, 'details'>> & { cure?: string | undefined };

export function finding(code: Finding['code'], level: Finding['level'], about: string, { text, details = [], cure }: Words): Finding {
  return { code, level, about: [about], text, details, ...(cure !== undefined && { cure }) };
}

/** `shop_web.2`, and the beginning of its id for tasks without a number. */
export function taskName({ serviceName, slot, id }: Task): string {
  return `${serviceName}.${slot ?? id.slice(0, 12)}`;
}

const URGENCY: readonly Finding['level'][] = ['problem', 'waiting', 'note'];

/** What is wrong first; the same words about several are said once. */
export function gather(findings: readonly Finding[]): Finding[] {
  const merged = new Map<string, Finding>();
  for (const one of findings) {
    const key = JSON.stringify([one.code, one.level, one.text, one.details, one.cure]);
    const same = merged.get(key);
    merged.set(key, same ? { ...same, about: [...new Set([...same.about, ...one.about])] } : one);
  }
  return [...merged.values()].sort((a, b) => URGENCY.indexOf(a.level) - URGENCY.indexOf(b.level));
}
