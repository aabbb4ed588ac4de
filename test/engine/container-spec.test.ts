import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig, HostConfig } from '../../src/engine/api.ts'
import { defaultConfig } from '../../src/engine/config.ts'
import { networkSysctls, type Resolved, toContainerSpec } from '../../src/engine/translate/container-spec.ts'
import { parseNamespaceModes } from '../../src/engine/translate/namespace-modes.ts'

const machine = { capabilities: ['CAP_CHOWN', 'CAP_KILL'], processors: 2, hardNofile: 1024, appArmor: false }
const resolved: Resolved = {
  root: { lowerdirs: ['/l'], writableLayer: '/w', readonly: false },
  user: { uid: 5, gid: 6, additionalGids: [6, 7], home: '/home/x' },
  mounts: [
    { type: 'bind', source: '/s', destination: '/a/b', readonly: false },
    { type: 'tmpfs', destination: '/a', readonly: false, options: [] },
  ],
  devices: [],
  resources: {},
  hostname: 'box',
  namespaces: { pid: 'private', ipc: 'private', network: { path: '/ns' } },
  stateDir: '/state',
}
const spec = (config: Partial<ContainerConfig> = {}, hostConfig: HostConfig = {}) =>
  toContainerSpec(
    {
      id: 'id',
      config: { Image: 'x', Cmd: ['/bin/server', '-v'], ...config },
      hostConfig,
      modes: parseNamespaceModes(hostConfig),
    },
    resolved,
    { machine, config: defaultConfig, userNamespace: undefined },
  )

test('a container as the runtime gets it', () => {
  const made = spec({ Env: ['A=1'], WorkingDir: '/srv', Tty: true, OpenStdin: true })
  assert.deepEqual(made.process.args, ['/bin/server', '-v'])
  assert.deepEqual(made.process.env.slice(1), ['HOSTNAME=box', 'TERM=xterm', 'A=1', 'HOME=/home/x'])
  assert.equal(made.process.cwd, '/srv')
  assert.deepEqual(made.process.user, { uid: 5, gid: 6, additionalGids: [6, 7] })
  assert.deepEqual([made.process.terminal, made.process.stdin, made.init], [true, true, true])
  assert.deepEqual(made.process.capabilities, ['CAP_CHOWN', 'CAP_KILL'])
  assert.equal(made.process.seccomp, undefined)
  assert.ok(made.maskedPaths.length > 5 && made.readonlyPaths.length > 3)
  assert.equal(made.shmSize, 64 * 2 ** 20)
  assert.deepEqual(made.namespaces, {
    pid: 'private',
    ipc: 'private',
    network: { path: '/ns' },
    uts: 'private',
    cgroup: 'private',
  })
  assert.deepEqual(
    made.mounts.map(({ destination }) => destination),
    ['/a', '/a/b'],
  )
})

test('a privileged container has everything and hides nothing', () => {
  const made = spec({}, { Privileged: true })
  assert.ok(made.privileged)
  assert.equal(made.process.seccomp, 'unconfined')
  assert.deepEqual([made.maskedPaths, made.readonlyPaths], [[], []])
})

test('the size of the terminal is for terminals only', () => {
  assert.deepEqual(spec({ Tty: true }, { ConsoleSize: [40, 120] }).process.consoleSize, { height: 40, width: 120 })
  assert.equal(spec({}, { ConsoleSize: [40, 120] }).process.consoleSize, undefined)
})

test('network sysctls are set by who makes the network namespace', () => {
  const Sysctls = { 'net.core.somaxconn': '10', 'kernel.msgmax': '65536' }
  assert.deepEqual(spec({}, { Sysctls }).sysctl, { 'kernel.msgmax': '65536' })
  assert.equal(networkSysctls({ Sysctls })['net.core.somaxconn'], '10')
  assert.deepEqual(spec({}, { Sysctls, NetworkMode: 'container:x' }).sysctl, Sysctls)
  assert.throws(() => spec({}, { Sysctls, NetworkMode: 'host' }), {
    message: 'sysctl "net.core.somaxconn" not allowed in host network namespace',
  })
})

test('the same container is described in the same words', () => assert.deepEqual(spec(), spec()))
