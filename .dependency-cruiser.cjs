/**
 * The floors of ARCHITECTURE.md as rules. Imports go only downward:
 * api <- kit <- manager | agent | bed <- cli; pure folders touch nothing but the contract and their pure neighbours.
 */
const PURE = '^packages/(manager/src/(model|plan|schedule)|agent/src/(model|plan))/';
const TEST = '\\.test\\.ts$|/testing/';
const above = {
  kit: 'manager|agent|bed|cli',
  manager: 'agent|bed|cli',
  agent: 'manager|bed|cli',
  bed: 'manager|agent|cli',
  cli: 'manager|agent',
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'api-stands-alone',
      severity: 'error',
      from: { path: '^packages/api/', pathNot: TEST },
      to: { path: '^(packages/(?!api/)|test/)' },
    },
    ...Object.entries(above).map(([name, pattern]) => ({
      name: `${name}-imports-only-downward`,
      severity: 'error',
      from: { path: `^packages/${name}/`, pathNot: TEST },
      to: { path: `^(packages/(${pattern})/|test/)` },
    })),
    {
      name: 'api-does-no-io',
      severity: 'error',
      comment: 'The contract also runs in a browser and in the simulator.',
      from: { path: '^packages/api/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-folders-do-no-io',
      severity: 'error',
      comment: 'Planners are functions: time, ids and state are arguments.',
      from: { path: PURE, pathNot: TEST },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'node_modules/(typebox|@noble/hashes)/' },
    },
    {
      name: 'pure-folders-import-only-pure-ones',
      severity: 'error',
      from: { path: PURE, pathNot: TEST },
      to: { path: '^packages/(manager|agent|kit)/src/', pathNot: `${PURE}|^packages/(manager|agent)/src/ports/` },
    },
    {
      name: 'only-main-names-adapters',
      severity: 'error',
      from: { path: '^packages/(manager|agent)/src/', pathNot: `${TEST}|/main\\.ts$|/adapters/|^packages/manager/src/daemon/` },
      to: { path: '^packages/(manager|agent)/src/adapters/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^packages/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|dist' },
    exclude: { path: '(^|/)(dist|node_modules/\\.cache)/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    combinedDependencies: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
