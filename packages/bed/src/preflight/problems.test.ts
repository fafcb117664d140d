import assert from 'node:assert/strict';
import { describeProblems, type MachineFacts, problemsOf, requiredPrograms } from './problems.js';

const GOOD: MachineFacts = {
  platform: 'linux',
  isRoot: true,
  programs: new Set(requiredPrograms('vm').map(({ program }) => program)),
  filesystems: 'nodev\tsysfs\nnodev\toverlay\n\text4\n',
  missingFeatures: [],
  cgroupMounts: 1,
  cgroupControllers: new Set(['cpu', 'memory', 'pids', 'io']),
};

describe('the prerequisites of a bed', () => {
  it('are met by a good machine', () => {
    assert.deepEqual(problemsOf('light', GOOD), []);
    assert.deepEqual(problemsOf('full', GOOD), []);
    assert.deepEqual(problemsOf('vm', GOOD), []);
  });

  it('name the package that brings what is missing, once', () => {
    const programs = new Set([...GOOD.programs].filter((program) => !program.startsWith('docker')));
    assert.deepEqual(problemsOf('light', { ...GOOD, programs }), [
      { missing: 'programs dockerd, docker', cure: 'apt-get install --no-install-recommends docker.io' },
      { missing: 'program docker-registry', cure: 'apt-get install --no-install-recommends docker-registry' },
    ]);
  });

  it('ask for debootstrap only for full hosts', () => {
    const programs = new Set([...GOOD.programs].filter((program) => program !== 'debootstrap'));
    assert.deepEqual(problemsOf('light', { ...GOOD, programs }), []);
    assert.match(problemsOf('full', { ...GOOD, programs })[0]?.cure ?? '', /apt-get install .*debootstrap/);
  });

  it('ask for QEMU only for virtual machines', () => {
    const programs = new Set([...GOOD.programs].filter((program) => !program.startsWith('qemu')));
    assert.deepEqual(problemsOf('full', { ...GOOD, programs }), []);
    assert.deepEqual(
      problemsOf('vm', { ...GOOD, programs }).map(({ missing }) => missing),
      ['program qemu-system-x86_64', 'program qemu-img'],
    );
  });

  it('tell of root, kernel and cgroups', () => {
    const facts = {
      ...GOOD,
      isRoot: false,
      filesystems: '\text4\n',
      missingFeatures: ['vxlan', 'nftables'],
      cgroupControllers: new Set(['cpu', 'pids']),
    };
    assert.deepEqual(
      problemsOf('light', facts).map(({ missing }) => missing),
      [
        'root: namespaces, bridges and mounts need it',
        'kernel feature overlay',
        'kernel feature vxlan',
        'kernel feature nftables',
        'cgroup controller memory',
      ],
    );
    assert.match(problemsOf('light', { ...GOOD, cgroupMounts: 0 })[0]?.cure ?? '', /mount -t cgroup2/);
  });

  it('name nothing but Linux on another system', () => {
    const problems = problemsOf('light', { ...GOOD, platform: 'darwin', isRoot: false });
    assert.deepEqual(problems, [{ missing: 'Linux (this is darwin)', cure: 'run it in a Linux virtual machine' }]);
  });

  it('read as one problem and its cure after the other', () => {
    const text = describeProblems([{ missing: 'program nft', cure: 'apt-get install nftables' }]);
    assert.match(text, /- missing: program nft\n {2}cure: apt-get install nftables$/);
  });
});
