import './own-host.ts'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { Network, NetworkSpec, Sandbox, SandboxSpec } from '../../src/network/network.ts'
import {
  addressOf,
  ask,
  endpointOn,
  hostAddress,
  Machine,
  newId,
  outsideAddress,
  port,
  sh,
  shell,
  skip,
} from './machine.ts'

interface Made {
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
}

const networkSpec = (name: string, internal = false): NetworkSpec => ({
  id: newId(),
  name,
  internal,
  enableIPv4: true,
  enableIPv6: false,
  subnets: [],
  options: {},
})

const sandboxSpec = (name: string, on: readonly NetworkSpec[], hostPort?: number): SandboxSpec => ({
  containerId: newId(),
  containerName: name,
  endpoints: on.map(network => endpointOn(network as Network, name)),
  ports: hostPort === undefined ? [] : [port(80, hostPort)],
  dns: { servers: [], search: [], options: [] },
  sysctl: {},
})

/** What an engine has made that was killed with SIGKILL then. */
async function abandoned(machine: Machine, networks: NetworkSpec[], sandboxes: SandboxSpec[]): Promise<Made> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'abandon.ts'), machine.runDir, machine.dataDir, JSON.stringify({ networks, sandboxes })],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit').then(() => assert.fail('it ended by itself'))
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string]
  ended.catch(() => {})
  child.kill('SIGKILL')
  await once(child, 'exit')
  return JSON.parse(line)
}

const [front, back] = [networkSpec('front'), networkSpec('back', true)]

test('after kill -9 the next engine takes over names, ports and addresses', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(
    machine,
    [front, back],
    [sandboxSpec('web', [front, back], 8080), sandboxSpec('db', [back])],
  )
  const [web, db] = made.sandboxes
  assert.ok(web && db)
  await machine.serve(web, 'web', 80)
  await machine.serve(db, 'db', 80)
  assert.equal(await machine.fromOutside(ask(hostAddress, 8080)), `web ${outsideAddress}\n`, 'while there is no engine')
  assert.match(await machine.in(web, ask(addressOf(db), 80)), /^db /, 'while there is no engine')

  const alive = await machine.networks.adopt(made.networks, made.sandboxes)
  assert.deepEqual(alive, made.sandboxes)
  assert.match(await machine.in(web, 'getent hosts db'), new RegExp(`^${addressOf(db)} `))
  assert.match(await machine.in(db, 'getent hosts web'), new RegExp(`^${addressOf(web, 1)} `))
  assert.equal(await machine.fromOutside(ask(hostAddress, 8080)), `web ${outsideAddress}\n`)
  assert.match(await shell(ask('::1', 8080)), /^web /)
  await assert.rejects(machine.networks.createSandbox(sandboxSpec('other', [front], 8080)), {
    code: 'NETWORK_PORT_TAKEN',
    message: /container web/,
  })
  const next = await machine.networks.createSandbox(sandboxSpec('next', [back]))
  assert.notEqual(addressOf(next), addressOf(db))
  await assert.rejects(machine.networks.removeNetwork(back.id), { code: 'NETWORK_IN_USE' })

  for (const { containerId } of [...alive, next]) await machine.networks.removeSandbox(containerId)
  for (const { id } of made.networks) await machine.networks.removeNetwork(id)
  assert.deepEqual(machine.leftovers(), [])
  assert.equal(machine.forwarding(), '0')
})

test('what nobody knows any more is removed', { skip }, async () => {
  await using machine = await Machine.start()
  sh(`nft 'table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }'`)
  const foreign = sh('nft list table ip filter')
  const made = await abandoned(
    machine,
    [front, back],
    [sandboxSpec('web', [front, back], 8080), sandboxSpec('db', [back])],
  )
  assert.notDeepEqual(machine.leftovers(), [])

  const [web] = made.sandboxes
  const kept = made.networks.filter(({ name }) => name === 'back')
  assert.equal((await machine.networks.adopt(kept, [])).length, 0)
  assert.equal(machine.leftovers().filter(line => /^tsc\S*v/.test(line) || line.startsWith('netns')).length, 0)
  assert.match(sh('ip -br link'), new RegExp(kept[0]?.bridge ?? '-'))
  assert.doesNotMatch(sh('nft list ruleset'), /8080/)
  assert.equal(machine.networks.sandbox(web?.containerId ?? ''), undefined)

  await machine.networks.adopt([], [])
  assert.deepEqual(machine.leftovers(), [])
  assert.equal(machine.forwarding(), '0')
  assert.equal(sh('nft list table ip filter'), foreign)
  sh('nft delete table ip filter')
})

test('what was taken away behind our back is made again', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front], [sandboxSpec('web', [front], 8080), sandboxSpec('db', [front])])
  const [web, db] = made.sandboxes
  assert.ok(web && db)
  sh(`ip link delete ${made.networks[0]?.bridge}`)
  sh('nft delete table inet $(nft list tables | sed -n "s/^table inet \\(tscompose_[0-9a-f]*\\)$/\\1/p")')
  machine.inside(web.netnsPath, 'ip link delete eth0')

  await machine.networks.adopt(made.networks, made.sandboxes)
  await machine.serve(web, 'web', 80)
  assert.equal(await machine.in(db, ask('web', 80)), `web ${addressOf(db)}\n`)
  assert.equal(await machine.fromOutside(ask(hostAddress, 8080)), `web ${outsideAddress}\n`)
})

test('after a restart of the machine networks come back, sandboxes do not', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front], [sandboxSpec('web', [front])])
  const [web] = made.sandboxes
  assert.ok(web)
  // A restart leaves plain files where namespaces were pinned, and no devices.
  sh(`umount ${web.netnsPath}; ip link delete ${made.networks[0]?.bridge}`)
  writeFileSync(join(machine.runDir, 'netns', 'f'.repeat(64)), '')
  assert.deepEqual(await machine.networks.adopt(made.networks, made.sandboxes), [])
  assert.deepEqual(
    machine.leftovers().filter(line => line.startsWith('netns')),
    [],
  )
  const again = await machine.networks.createSandbox({ ...sandboxSpec('web', [front]), containerId: web.containerId })
  assert.equal(addressOf(again), addressOf(web))
})

test('a network whose subnet somebody has taken meanwhile says so to whoever needs it', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front, back], [sandboxSpec('db', [back]), sandboxSpec('old', [front, back])])
  const [network] = made.networks
  const [db, old] = made.sandboxes
  assert.ok(network && db && old)
  const gateway = `${network.subnets[0]?.gateway}/16`
  sh(`ip link delete ${network.bridge}; ip link add vpn0 type bridge; ip address add ${gateway} dev vpn0`)
  await machine.networks.adopt(made.networks, made.sandboxes)
  assert.deepEqual(
    [db, old].map(({ containerId }) => machine.networks.isWhole(containerId)),
    [true, false],
    'whoever was on it is to be made anew',
  )
  await assert.rejects(machine.networks.createSandbox(sandboxSpec('web', [front])), {
    code: 'NETWORK_SUBNET_OVERLAPS',
    message: /interface vpn0/,
  })
  sh('ip link delete vpn0')
  await machine.networks.createSandbox(sandboxSpec('web', [front]))
})

test('a network without a subnet of the user’s gets another one when somebody has taken it', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front], [])
  const [network] = made.networks
  assert.ok(network)
  const gateway = `${network.subnets[0]?.gateway}/16`
  sh(`ip link delete ${network.bridge}; ip link add vpn0 type bridge; ip address add ${gateway} dev vpn0`)
  await machine.networks.adopt(made.networks, [])
  const asked = { ...networkSpec('front'), id: network.id }
  await assert.rejects(machine.networks.createNetwork({ ...asked, subnets: network.subnets }), {
    code: 'NETWORK_SUBNET_OVERLAPS',
  })
  const moved = await machine.networks.createNetwork(asked)
  assert.notEqual(moved.subnets[0]?.subnet, network.subnets[0]?.subnet)
  const web = await machine.networks.createSandbox(sandboxSpec('web', [front]))
  assert.equal(web.endpoints[0]?.gateway, moved.subnets[0]?.gateway)
  sh('ip link delete vpn0')
})

test('a network whose options nobody understands any more is in nobody’s way', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front, back], [])
  const odd = made.networks.map(network => ({
    ...network,
    ...(network.name === 'front' && { options: { 'com.docker.network.bridge.enable_icc': 'perhaps' } }),
  }))
  await machine.networks.adopt(odd, [])
  await machine.networks.createSandbox(sandboxSpec('db', [back]))
  await assert.rejects(machine.networks.createSandbox(sandboxSpec('web', [front])), {
    code: 'NETWORK_OPTION_INVALID',
    message: /enable_icc cannot be "perhaps"/,
  })
})

test('a port that somebody took while there was no engine still leads to the container', { skip }, async () => {
  await using machine = await Machine.start()
  const made = await abandoned(machine, [front], [sandboxSpec('web', [front], 8080)])
  const [web] = made.sandboxes
  assert.ok(web)
  await machine.serve(web, 'web', 80)
  const thief = createServer().listen(8080, '0.0.0.0')
  await once(thief, 'listening')
  await using _ = thief
  const [adopted] = await machine.networks.adopt(made.networks, made.sandboxes)
  assert.deepEqual(adopted?.ports, web.ports)
  assert.equal(await machine.fromOutside(ask(hostAddress, 8080)), `web ${outsideAddress}\n`)
})
