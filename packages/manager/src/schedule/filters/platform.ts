import { hasPlatform } from '../platform.js';
import { type Filter, PASS } from './filter.js';

/** Operating system and architecture that the image is made for. */
export const platformFilter: Filter = {
  name: 'platform',
  prepare({ spec }, table) {
    const { platforms } = spec.placement;
    if (platforms.length === 0) return undefined;
    const wanted = platforms.map(({ os, architecture }) => `${os ?? 'any'}/${architecture ?? 'any'}`).join(' or ');
    const reasons = table.column(`platform ${JSON.stringify(platforms)}`, (node) => (hasPlatform(node, platforms) ? PASS : 0));
    return { refuse: (index) => reasons.at(index), explain: () => `platform is not ${wanted}` };
  },
};
