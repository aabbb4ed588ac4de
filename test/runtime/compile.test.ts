import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaultCapabilities } from '../../src/runtime/capabilities.ts'
import { defaultDevices } from '../../src/runtime/cgroup/device-rules.ts'
import { compileContainer } from '../../src/runtime/compile/container.ts'
import { compileExec } from '../../src/runtime/compile/exec.ts'
import type { ContainerFacts } from '../../src/runtime/compile/facts.ts'
import type { Program } from '../../src/runtime/program.ts'
import { renderProgram } from '../../src/runtime/program-render.ts'
import { compileCopy } from '../../src/runtime/seed-volume.ts'
import type { ContainerSpec, ProcessSpec } from '../../src/runtime/spec.ts'

const id = 'c'.repeat(64)
const command: ProcessSpec = {
  args: ['server', '--port', '80'],
  env: ['PATH=/usr/bin:/bin'],
  cwd: '/srv',
  user: { uid: 0, gid: 0, additionalGids: [0] },
  terminal: false,
  stdin: false,
  capabilities: defaultCapabilities,
  noNewPrivileges: false,
  rlimits: [],
}
const spec: ContainerSpec = {
  id,
  hostname: 'web',
  root: { lowerdirs: ['/layers/top', '/layers/base'], writableLayer: '/containers/c', readonly: false },
  mounts: [],
  process: command,
  init: false,
  namespaces: { pid: 'private', ipc: 'private', uts: 'private', cgroup: 'host', network: { path: '/run/netns/web' } },
  resources: {},
  cgroupParent: '',
  devices: [],
  privileged: false,
  maskedPaths: [],
  readonlyPaths: ['/proc/sys'],
  sysctl: {},
  shmSize: 67_108_864,
  log: { driver: 'none', maxSize: 0, maxFiles: 0 },
  stateDir: '/containers/c',
}
const facts: ContainerFacts = {
  join: { how: 'write', files: ['/cg/memory/c/tasks', '/cg/cpu,cpuacct/c/tasks'] },
  view: {
    version: 1,
    hierarchies: [
      { name: 'memory', directory: '/cg/memory/c' },
      { name: 'cpu,cpuacct', directory: '/cg/cpu,cpuacct/c' },
    ],
    links: [{ name: 'cpu', target: 'cpu,cpuacct' }],
  },
  seccomp: new Uint8Array(160),
  lastCapability: 4,
  rlimits: [],
  oomScoreAdj: undefined,
  confinement: undefined,
  user: undefined,
  mounts: [],
  devices: defaultDevices.slice(0, 1),
  masks: [
    { path: '/proc/keys', kind: 'file' },
    { path: '/sys/firmware', kind: 'directory' },
    { path: '/etc/secret', kind: 'unknown' },
  ],
  overlayOptions: [],
}

/** Compares a program with its golden file; UPDATE_GOLDEN=1 writes the file instead. */
function golden(name: string, program: Program): void {
  test(name, () => {
    const file = new URL(`golden/${name.replaceAll(/\W+/g, '-')}.txt`, import.meta.url)
    const rendered = renderProgram(program)
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, rendered)
    assert.equal(rendered, readFileSync(file, 'utf8'))
  })
}

golden('a plain container on cgroups v1', compileContainer(spec, facts))

golden(
  'everything there is, on cgroups v2',
  compileContainer(
    {
      ...spec,
      domainname: 'example.org',
      root: { ...spec.root, readonly: true },
      init: true,
      namespaces: { ...spec.namespaces, cgroup: 'private' },
      sysctl: { 'net.core.somaxconn': '1024' },
      process: {
        ...command,
        user: { uid: 33, gid: 33, additionalGids: [33, 44] },
        stdin: true,
        noNewPrivileges: true,
        capabilities: [],
      },
    },
    {
      ...facts,
      join: { how: 'clone', directory: '/cg/c' },
      view: { version: 2 },
      rlimits: [{ type: 'RLIMIT_NOFILE', resource: 7, soft: 1024n, hard: 4096n }],
      oomScoreAdj: 500,
      confinement: { file: '/proc/thread-self/attr/apparmor/exec', profile: 'tscompose-default' },
      overlayOptions: ['index=off'],
      mounts: [
        {
          mount: { type: 'bind', source: '/data', destination: '/srv/data/inner', readonly: true },
          kind: 'directory',
          mountpoint: '/srv/data/inner',
        },
        {
          mount: { type: 'tmpfs', destination: '/srv/data', readonly: false, options: ['size=1m', 'exec'] },
          kind: 'directory',
          mountpoint: '/srv/data',
        },
        {
          mount: {
            type: 'bind',
            source: '/etc/resolv.conf',
            destination: '/etc/resolv.conf',
            readonly: false,
            propagation: 'rslave',
            recursive: false,
          },
          kind: 'file',
          mountpoint: '/run/resolv.conf',
        },
        {
          mount: { type: 'bind', source: '/dev/log', destination: '/dev/log', readonly: false },
          kind: 'file',
          mountpoint: '/dev/log',
        },
      ],
    },
  ),
)

golden(
  'a terminal, and namespaces of another container',
  compileContainer(
    {
      ...spec,
      init: true,
      maskedPaths: [],
      readonlyPaths: [],
      namespaces: {
        pid: { path: '/proc/7/ns/pid' },
        ipc: { path: '/proc/7/ns/ipc' },
        uts: 'host',
        cgroup: { path: '/proc/7/ns/cgroup' },
        network: 'host',
      },
      process: { ...command, terminal: true, stdin: true, consoleSize: { height: 24, width: 80 } },
    },
    { ...facts, masks: [], seccomp: undefined },
  ),
)

golden('an exec on cgroups v1', compileExec(id, { ...command, noNewPrivileges: true }, facts))
golden('an exec on cgroups v2', compileExec(id, command, { ...facts, join: { how: 'clone', directory: '/cg/c' } }))
golden('a copy into a volume', compileCopy(spec.root, '/var/lib/data', '/volumes/x.seeding'))
